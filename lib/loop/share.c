#include "loop/share.h"

#include "base/base.h"

#include <string.h>

int32_t share_shard(const char *ns, const char *name, int32_t shards)
{
	char *key AUTO_FREE = xasprintf("%s/%s", ns, name);
	uint64_t h = hash_text(key);
	/* FNV's low bits see little of the text's beginning: fold the high ones in
	 * (MurmurHash3's finalizer, Appleby). */
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	h ^= h >> 33;
	return (int32_t)(h % (uint64_t)shards);
}

static bool goes_before(const struct share *a, const struct share *b)
{
	if (a->held != b->held)
		return a->held > b->held;
	return strcmp(a->identity, b->identity) < 0;
}

int32_t share_part(const struct share *replicas, int32_t count, const char *self,
		   int32_t shards)
{
	const struct share *own = NULL;
	int32_t rank = 0;
	for (int32_t i = 0; i < count; i++)
		if (!strcmp(replicas[i].identity, self))
			own = &replicas[i];
	if (!own)
		return 0;
	for (int32_t i = 0; i < count; i++)
		rank += goes_before(&replicas[i], own);
	return shards / count + (rank < shards % count);
}
