/* foretop convert: what scales now, as a policy. */
#ifndef FORETOP_CONVERT_H
#define FORETOP_CONVERT_H

#include "base/base.h"

/* One policy in the making. */
struct conversion {
	char *ns, *name;  /* "" when the object has none; owned */
	const char *from; /* "HorizontalPodAutoscaler"; constant */
	cJSON *policy;    /* fields of policy.yaml; owned */
	struct str
		notes; /* what is not carried over or is to be filled in, a line each */
	int blanks;    /* of those to be filled in */
};

void conversion_fini(struct conversion *c);
/* A line about what is not carried over; the text names the field. */
void conversion_note(struct conversion *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same about a blank that validate refuses until somebody fills it in. */
void conversion_blank(struct conversion *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A HorizontalPodAutoscaler of autoscaling/v2, v2beta2, v2beta1 or v1, or a ScaledObject
 * of keda.sh/v1alpha1. 0, or -1 with *err = ERR_INVALID when it is neither or lacks what
 * a policy needs. The caller frees (conversion_fini). */
int convert_object(const cJSON *object, struct conversion *ret, struct err *err);

/* By the kind; *c has its name and an empty policy. */
int convert_hpa(const cJSON *object, struct conversion *c, struct err *err);
int convert_scaledobject(const cJSON *object, struct conversion *c, struct err *err);
/* A cron trigger of KEDA's as an entry of `schedule`, or a note. */
void convert_cron_trigger(const cJSON *trigger, int64_t max_replicas, const char *path,
			  struct conversion *c);

/* Copies a field if it is there. */
void convert_copy(const cJSON *from, const char *key, cJSON *to);

#endif
