/* What `foretop demo` prints. */
#include "demo.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DRAW_MS 250

static const char *const titles[WORKLOADS] = {
	[FORETOP] = "foretop, planned for 95 %",
	[HPA_70] = "HPA's rules, target 70 %",
	[HPA_90] = "HPA's rules, target 90 %",
};

static void clock_text(int64_t ms, char *buf, size_t size)
{
	snprintf(buf, size, "%02d:%02d", (int)(ms / MS_PER_H % 24),
		 (int)(ms / MS_PER_MIN % 60));
}

void demo_observe(void *arg, const struct action *a, int64_t now_ms)
{
	struct demo *d = arg;
	if (a->type != ACTION_SCALE ||
	    strcmp(a->policy->target.name, demo_case_name(FORETOP)))
		return;
	char at[8];
	clock_text(now_ms, at, sizeof(at));
	char *line = d->recent[d->recent_count++ % RECENT];
	snprintf(line, sizeof(d->recent[0]), "%s  %s", at, a->u.scale.reason);
	if (d->plain && d->counting)
		puts(line);
}

static const struct policy_status *status_of(const struct demo *d, const char *name)
{
	const struct engine *e = loop_engine(d->loop);
	for (int32_t i = 0; i < engine_policy_count(e); i++) {
		const struct policy_status *s = engine_policy_status(e, i);
		if (s && !strcmp(s->name, name))
			return s;
	}
	return NULL;
}

void demo_stepped(void *arg)
{
	struct demo *d = arg;
	const struct workload *w = demo_workload(d, FORETOP);
	if (!d->counting && w->now_ms >= d->start_ms) {
		d->counting = true;
		for (int i = 0; i < WORKLOADS; i++)
			workload_reset_outcome(demo_workload(d, i));
	}
	if (!d->counting)
		return;
	const struct policy_status *s =
		d->loop ? status_of(d, demo_case_name(FORETOP)) : NULL;
	bool usable = s && s->metrics[0].forecast_usable;
	chart_add(&d->chart, w->now_ms, trace_at(d->demand, w->now_ms) / CAPACITY,
		  workload_ready(w),
		  usable ? s->metrics[0].forecast.upper / CAPACITY : NAN);
}

void demo_draw(void *arg)
{
	struct demo *d = arg;
	struct str out AUTO(str_fini);
	str_init(&out, 65536);
	if (d->drawn)
		str_printf(&out, "\033[%dA", CHART_ROWS + 3 + RECENT);
	chart_draw(&d->chart, d->utf8, &out);
	char at[8];
	clock_text(clock_now_ms(&d->clock), at, sizeof(at));
	str_printf(&out, "\033[K%s  what it just did:\n", at);
	for (int i = 0; i < RECENT; i++) {
		int at_line = d->recent_count - RECENT + i;
		const char *line = at_line < 0 ? "" : d->recent[at_line % RECENT];
		str_printf(&out, "\033[K%.100s\n", line);
	}
	fputs(str_text(&out), stdout);
	fflush(stdout);
	d->drawn = true;
	timer_set(d->reactor, &d->draw, DRAW_MS, demo_draw, d);
}

static void print_lead(const struct demo *d)
{
	const struct policy_status *s = status_of(d, demo_case_name(FORETOP));
	if (s && s->lead_source == LEAD_MEASURED)
		printf("Lead time at the end of the day: %d s, measured from %d pods.\n",
		       (int)(s->lead_ms / MS_PER_S), (int)s->lead_samples);
}

static void print_table(const struct demo *d)
{
	printf("\n%-26s %10s %12s %14s %10s\n", "same load, one day", "pod-hours",
	       "unserved", "minutes short", "writes");
	for (int i = 0; i < WORKLOADS; i++) {
		const struct outcome *o = &demo_workload(d, i)->outcome;
		printf("%-26s %10.1f %11.3f%% %14.1f %10d\n", titles[i], o->pod_h,
		       100 * outcome_unserved_ratio(o), o->short_min, (int)o->actions);
	}
	double pods = demo_workload(d, FORETOP)->outcome.pod_h,
	       hpa = demo_workload(d, HPA_70)->outcome.pod_h;
	printf("\nAgainst the HPA's rules at 70 %%: %.1f %% %s pod-hours; unserved %.3f "
	       "%% "
	       "against %.3f %% of the load.\n",
	       fabs(100 * (1 - pods / hpa)), pods < hpa ? "fewer" : "more",
	       100 * outcome_unserved_ratio(&demo_workload(d, FORETOP)->outcome),
	       100 * outcome_unserved_ratio(&demo_workload(d, HPA_70)->outcome));
	print_lead(d);
	puts(scenario_moral(d->scenario));
	puts("Every number comes from real HTTP and WebSocket requests of the controller "
	     "that `foretop run` starts.");
}

static void print_next(const struct demo *d)
{
	puts("\nWhat next:\n"
	     "  your own load     foretop simulate -f policy.yaml --prometheus-url URL "
	     "--history 14d --capacity N\n"
	     "  your own cluster  foretop run --dry-run --once --prometheus-url URL    "
	     "(writes nothing)\n"
	     "  install it        kubectl apply -k manifests/    (mode Recommend, the "
	     "default, writes no replicas)\n"
	     "  another day       foretop demo --scenario NAME --seed N    (morning, "
	     "spike, outage, deploy)");
	if (d->page)
		printf("\nThe shop goes on, and so does the page: %s   Ctrl-C ends "
		       "both.\n",
		       loop_page_url(d->loop));
	else
		puts("  watch it          foretop demo --page");
}

void demo_conclude(struct demo *d)
{
	served_catch_up(d->served);
	if (!d->plain) {
		demo_draw(d);
	} else {
		struct str out AUTO(str_fini);
		str_init(&out, 65536);
		chart_draw(&d->chart, d->utf8, &out);
		printf("\n%s", str_text(&out));
	}
	timer_cancel(&d->draw);
	print_table(d);
	print_next(d);
	fflush(stdout);
}
