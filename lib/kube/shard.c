#include "kube/shard.h"

#include "base/base.h"

#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 3

void kube_shard_group(int32_t shards, char ret_identity[KUBE_GROUP_SIZE])
{
	snprintf(ret_identity, KUBE_GROUP_SIZE, "%d shards", (int)shards);
}

int32_t kube_shard_group_read(const char *identity)
{
	size_t digits = strspn(identity, "0123456789");
	int32_t shards = 0;
	if (!digits || digits > DIGITS_MAX || strcmp(identity + digits, " shards") != 0)
		return 0;
	for (size_t i = 0; i < digits; i++)
		shards = 10 * shards + (identity[i] - '0');
	return shards;
}

char *kube_shard_lease(const char *name, int32_t shard, int32_t shards)
{
	return xasprintf("%s-%d-of-%d", name, (int)shard, (int)shards);
}
