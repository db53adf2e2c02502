/* foretop validate: policies of files, and what the servers say of them. */
#ifndef FORETOP_VALIDATE_H
#define FORETOP_VALIDATE_H

#include "cluster.h"

#include "policy/policy.h"

struct validate_flags {
	struct cluster_flags cluster;
	const char *const *files;
	int file_count;
	bool server;                         /* ask the servers too */
	const char *prometheus_url, *config; /* where queries run */
	const char *account;                 /* --service-account; NULL: the caller */
};

/* A policy that was read and is valid by itself. */
struct validated {
	struct policy *policy; /* owned */
	const char *file;      /* borrowed */
};

/* What is told about a policy, line by line. */
struct findings {
	struct str text;
	int errors, warnings;
};
void finding_ok(struct findings *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void finding_warning(struct findings *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void finding_error(struct findings *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The servers' side: opened once, asked for each policy. */
struct prober;
/* NULL with *err. */
struct prober *prober_new(const struct validate_flags *flags, struct err *err);
/* Accepts NULL. */
void prober_free(struct prober *p);
/* The namespace of policies that name none. Borrowed. */
const char *prober_namespace(const struct prober *p);
/* Does the target exist, may replicas be read and written, do the queries run, how long
 * is their history? */
void prober_check(struct prober *p, const struct policy *policy, struct findings *f);

#endif
