/* The parts of a policy's text and how each is read. Private to policy. */
#ifndef FORETOP_POLICY_PARTS_H
#define FORETOP_POLICY_PARTS_H

#include "policy/fields.h"
#include "policy/policy.h"

/* Each reads its part at `at`, whose object is the whole struct policy. */
field_reader policy_read_metrics;
field_reader policy_read_behavior;
field_reader policy_read_forecast;
field_reader policy_read_schedules;
field_reader policy_read_guards;
field_reader policy_read_holds;

/* What holds without a text: autoscaling/v2's defaults, and Foretop's. Metrics must be
 * empty. */
void policy_default_metrics(struct policy *p);
void policy_default_behavior(struct policy *p);
void policy_default_forecast(struct policy *p);

/* What depends on other fields once all are read: floors and ceilings against the
 * policy's bounds. */
void policy_check_schedules(const struct place *root, const struct policy *p);
/* The holds that were left out: off, but with forecasting asked for in the text. */
void policy_default_holds(struct policy *p);

void policy_metric_fini(struct policy_metric *m);
void policy_forecast_fini(struct policy_forecast *f);
void policy_schedule_fini(struct policy_schedule *s);
void policy_guard_fini(struct policy_guard *g);

/* char *: the name of a time zone, if well-formed. */
field_reader policy_read_zone;
/* The line of the map's `timeZone`; 0: none. */
int32_t policy_zone_line(const struct place *at);

/* A reference to an object: kind and name are required. */
void policy_read_reference(const struct place *at, struct policy_target *ret);
void policy_target_fini(struct policy_target *target);

/* A problem unless the name can be a part of a path in the API's URLs, with the API's own
 * words. NULL is fine. */
void policy_check_segment(const struct place *at, const char *name);

/* The words of the text, shared by reading and writing. */
extern const struct choice policy_target_types[];
extern const struct choice policy_rule_types[];
extern const struct choice policy_select_policies[];
extern const struct choice policy_metric_types[];
extern const struct choice policy_modes[];
extern const struct choice policy_forecast_modes[];
extern const struct choice policy_models[];
extern const struct choice policy_metrics_losses[];
extern const struct choice policy_guard_actions[];

#define POLICY_QUERY_BYTES_MAX 8192

#endif
