// One question to an OpenFeature client, of either SDK, and its answer in the words that our tests compare.

const WAYS = {
  boolean: 'getBooleanDetails',
  string: 'getStringDetails',
  integer: 'getNumberDetails',
  float: 'getNumberDetails',
  object: 'getObjectDetails',
};

export async function ask(client, { flag, kind, default: fallback }, ...context) {
  const found = await client[WAYS[kind]](flag, fallback, ...context);
  return {
    value: found.value,
    reason: found.reason ?? null,
    variant: found.variant ?? null,
    error: found.errorCode ?? null,
    message: found.errorMessage ?? null,
    metadata: found.flagMetadata ?? {},
  };
}
