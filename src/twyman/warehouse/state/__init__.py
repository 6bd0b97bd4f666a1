"""What is kept between refreshes, so that a refresh reads only what is new: intermediate, versioned, disposable."""
