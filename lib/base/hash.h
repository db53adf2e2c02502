/* Hashes and seeded pseudo-random numbers: same input, same output, on every machine. Not
 * for secrets. */
#ifndef FORETOP_BASE_HASH_H
#define FORETOP_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
uint64_t hash_bytes(const void *data, size_t len);
uint64_t hash_text(const char *text);

/* xorshift64* (Vigna 2016) seeded through splitmix64, so that any seed will do, 0
 * included. */
struct rng {
	uint64_t state;
};
void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/* Uniform in [0, 1). */
double rng_uniform(struct rng *r);
/* Standard normal by Box and Muller. */
double rng_normal(struct rng *r);

#endif
