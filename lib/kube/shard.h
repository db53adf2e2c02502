/* Names of the Leases when policies are split over several shards.
 *
 * The Lease that a single leader would hold is held by all replicas together, in the name
 * of the number of shards: as long as one of them renews it, no replica with another
 * number, and none without shards, can take it. Beside it each shard has a Lease of its
 * own, which one replica holds. */
#ifndef FORETOP_KUBE_SHARD_H
#define FORETOP_KUBE_SHARD_H

#include <stdint.h>

#define KUBE_GROUP_SIZE 24
/* What replicas say in the common Lease: {"IDENTITY": count, ...}, each its own count,
 * which it raises with every renewal. */
#define KUBE_REPLICAS_ANNOTATION "foretop.io/replicas"

/* The holderIdentity that replicas of so many shards share: "16 shards", which no pod and
 * no host can be named. shards: in [2, 999]. */
void kube_shard_group(int32_t shards, char ret_identity[KUBE_GROUP_SIZE]);
/* The number of shards of such an identity; 0: it is none, but a replica's own. */
int32_t kube_shard_group_read(const char *identity);
/* "NAME-3-of-16", with shard in [0, shards). The caller frees. */
char *kube_shard_lease(const char *name, int32_t shard, int32_t shards);

#endif
