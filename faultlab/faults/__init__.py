"""What can go wrong, by the layer at which it does. `registry` names them all."""
