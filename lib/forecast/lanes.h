/* Numbers side by side. What is done to vectors is done entry by entry, so it gives the
 * same bits on every processor; WIDE_CLONES compiles a function twice, for registers of
 * 16 and of 32 bytes, and the processor that runs it takes the one it has. */
#ifndef FORETOP_FORECAST_LANES_H
#define FORETOP_FORECAST_LANES_H

#include <stdint.h>

#define QUAD_LANES 4
typedef double quad_double
	__attribute__((vector_size(QUAD_LANES * sizeof(double)), aligned(8), may_alias));
#define OCTET_LANES 8
typedef float octet
	__attribute__((vector_size(OCTET_LANES * sizeof(float)), aligned(4), may_alias));
typedef int32_t octet_mask __attribute__((vector_size(OCTET_LANES * sizeof(int32_t)),
					  aligned(4), may_alias));

/* Clones are chosen by the dynamic linker of glibc, before sanitizers are ready. Not
 * "fma": it would round otherwise. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__has_attribute) &&             \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&               \
	!defined(__clang__)
#if __has_attribute(target_clones)
#define WIDE_CLONES __attribute__((target_clones("avx2", "default")))
#endif
#endif
#ifndef WIDE_CLONES
#define WIDE_CLONES
#endif

/* Of what clones are made of: a function of its own would have the narrow registers. */
#define WIDE_PART static inline __attribute__((always_inline))

#endif
