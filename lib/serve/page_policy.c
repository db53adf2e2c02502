/* The document of one policy: the last decision, the recent past, what it rests on. */
#include "serve/graph.h"
#include "serve/html.h"
#include "serve/view.h"

#include "http/http.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of the table beside the pictures: every tenth minute of the last two hours. */
#define TABLE_EVERY 5
#define TABLE_ROWS  12

static void fact(struct str *out, const char *name, const char *value)
{
	html_add(out, "<div><dt>%s</dt><dd>%s</dd></div>", name, value);
}

static void fact_replicas(struct str *out, const char *name, int32_t replicas)
{
	char text[16] = "none";
	if (replicas != DECIDE_NO_REPLICAS)
		snprintf(text, sizeof(text), "%d", (int)replicas);
	fact(out, name, text);
}

/* --- the decision --- */

static void write_facts(struct str *out, const struct policy_status *s)
{
	static const char *const sources[] = {[LEAD_DEFAULT] = "the default",
					      [LEAD_CONFIGURED] = "as configured",
					      [LEAD_MEASURED] = "measured"};
	char text[96], lead[48];
	str_puts(out, "<dl class=\"facts\">");
	fact_replicas(out, "Replicas now", s->current);
	fact_replicas(out, "Desired", s->desired);
	fact_replicas(out, "Pods Ready", s->ready_pods);
	fact_replicas(out, "HPA’s rule asks for", s->reactive);
	fact_replicas(out, "Forecast asks for", s->predicted);
	snprintf(text, sizeof(text), "%d to %d", s->policy->min_replicas,
		 s->policy->max_replicas);
	fact(out, "Allowed", text);
	snprintf(text, sizeof(text), "%s, %s",
		 duration_format(s->lead_ms / MS_PER_S * MS_PER_S, lead, sizeof(lead)),
		 sources[s->lead_source]);
	fact(out, "Lead time of a pod", text);
	fact(out, "Last write", html_time(s->scaled_ms, text, sizeof(text)));
	str_puts(out, "</dl>");
}

static void write_head(struct str *out, const struct policy_status *s)
{
	char text[32];
	html_add(out,
		 "<nav class=\"crumbs\" aria-label=\"Breadcrumb\"><a href=\"/\">All "
		 "policies</a></nav><h1><span class=\"ns\">%s/</span>%s</h1>"
		 "<div id=\"head\" data-live><p class=\"target\">",
		 s->ns, s->name);
	if (s->policy)
		html_add(out, "%s %s, mode %s ", s->policy->target.kind,
			 s->policy->target.name, policy_mode_name(s->policy->mode));
	standing_write(out, standing_of(s));
	str_puts(out, "</p>");
	const char *refused = s->conditions[PC_READY].status == STATUS_FALSE
				      ? s->conditions[PC_READY].message
				      : "";
	if (*refused)
		html_add(out, "<p class=\"note bad\">%s%s</p>", refused,
			 s->policy ? " (the last valid version stays in force)" : "");
	if (s->reason[0])
		html_add(out, "<p class=\"why\">%s</p>", s->reason);
	if (s->decided_ms)
		html_add(out, "<p class=\"when\">decided %s</p>",
			 html_clock(s->decided_ms, text, sizeof(text)));
	if (s->policy)
		write_facts(out, s);
	str_puts(out, "</div>");
}

/* --- the past --- */

static void cell_replicas(struct str *out, int32_t replicas)
{
	if (replicas == DECIDE_NO_REPLICAS)
		str_puts(out, "<td class=\"num\">unknown</td>");
	else
		html_add(out, "<td class=\"num\">%d</td>", replicas);
}

static void write_past_table(struct str *out, const struct past *past)
{
	char text[32];
	str_puts(out,
		 "<details id=\"numbers\"><summary>The same as a table</summary>"
		 "<div class=\"wide\" role=\"region\" aria-label=\"Recent numbers\" "
		 "tabindex=\"0\"><table><caption class=\"vh\">Recent numbers</caption>"
		 "<thead><tr><th scope=\"col\">Time</th>"
		 "<th scope=\"col\" class=\"num\">Demand</th>"
		 "<th scope=\"col\" class=\"num\">Expected</th>"
		 "<th scope=\"col\" class=\"num\">Planned for</th>"
		 "<th scope=\"col\" class=\"num\">Desired</th>"
		 "<th scope=\"col\" class=\"num\">Ready</th></tr></thead><tbody>");
	for (int32_t i = past->count - 1, n = 0; i >= 0 && n < TABLE_ROWS;
	     i -= TABLE_EVERY, n++) {
		const struct past_point *p = past_at(past, i);
		html_add(out, "<tr><th scope=\"row\">%s</th>",
			 html_clock(past_point_ms(p), text, sizeof(text)));
		const float values[] = {p->demand, p->mean, p->upper};
		for (size_t k = 0; k < ARRAY_LEN(values); k++)
			html_add(out, "<td class=\"num\">%s</td>",
				 html_number(values[k], text, sizeof(text)));
		cell_replicas(out, p->desired);
		cell_replicas(out, p->ready);
		str_puts(out, "</tr>");
	}
	str_puts(out, "</tbody></table></div></details>");
}

static void write_past(struct str *out, const struct page_view *v, int32_t i)
{
	const struct policy_status *s = v->now.policies[i];
	const struct past *past = pasts_find(v->pasts, i, s);
	str_puts(out, "<section aria-labelledby=\"past-h\"><h2 id=\"past-h\">Recent "
		      "past</h2><div id=\"past\" data-live>");
	if (!past || past->count < 2) {
		str_puts(out, "<p class=\"note\">Pictures begin two minutes after the "
			      "first decision of this process; it keeps twelve "
			      "hours.</p></div></section>");
		return;
	}
	const char *metric = s->policy->metrics[past_metric(s)].name;
	html_add(out,
		 "<figure><figcaption><b>Demand</b> (%s)<span class=\"key\"><i "
		 "class=\"k demand\"></i>demand</span><span class=\"key\"><i class=\"k "
		 "upper\"></i>planned for</span><span class=\"key\"><i class=\"k "
		 "mean\"></i>expected</span></figcaption>",
		 metric);
	graph_demand(out, past, metric, v->now.now_ms);
	str_puts(out,
		 "</figure><figure><figcaption><b>Replicas</b><span "
		 "class=\"key\"><i class=\"k desired\"></i>desired</span><span "
		 "class=\"key\"><i class=\"k ready\"></i>Ready</span><span "
		 "class=\"key\"><i class=\"k limit\"></i>limits</span></figcaption>");
	graph_replicas(out, past, s->policy->min_replicas, s->policy->max_replicas,
		       v->now.now_ms);
	str_puts(out,
		 "</figure><p class=\"hint\">Planned for and expected: the "
		 "largest demand of the window that followed, as it was said at that "
		 "time.</p>");
	write_past_table(out, past);
	str_puts(out, "</div></section>");
}

/* --- metrics and the gate --- */

static const char *percent(double share, char *buf, size_t size)
{
	if (!isfinite(share))
		return "unknown";
	snprintf(buf, size, "%.0f %%", 100 * share);
	return buf;
}

static void write_metric(struct str *out, const struct policy_metric *spec,
			 const struct metric_status *m)
{
	char text[32];
	const struct forecast *f = &m->forecast;
	bool ready = m->forecast_on && f->state == FORECAST_READY;
	html_add(out,
		 "<tr><th scope=\"row\">%s<span class=\"sub\">%s</span></th><td "
		 "class=\"num\">%s</td>",
		 spec->name, metric_type_name(spec->type),
		 html_number(m->known ? m->current : NAN, text, sizeof(text)));
	if (!ready) {
		html_add(out, "<td colspan=\"5\">%s</td>",
			 m->forecast_on ? f->reason : "not forecast");
	} else {
		html_add(out, "<td class=\"num\">%s</td>",
			 html_number(f->mean, text, sizeof(text)));
		html_add(out,
			 "<td class=\"num\">%s<span class=\"sub\">in %d "
			 "min</span></td><td>%s</td>",
			 html_number(f->upper, text, sizeof(text)), m->window_min,
			 model_name(f->model));
		html_add(out, "<td class=\"num\">%s</td>",
			 percent(f->skill, text, sizeof(text)));
		html_add(out, "<td class=\"num\">%s</td>",
			 percent(f->coverage, text, sizeof(text)));
	}
	str_puts(out, "</tr>");
	if (m->forecast_on && f->anomaly.text[0])
		html_add(out,
			 "<tr><td colspan=\"7\"><span class=\"mark warn\">anomaly</span> "
			 "%s</td></tr>",
			 f->anomaly.text);
}

static void write_metrics(struct str *out, const struct policy_status *s)
{
	str_puts(out,
		 "<section aria-labelledby=\"metrics-h\"><h2 "
		 "id=\"metrics-h\">Metrics and forecasts</h2><div id=\"metrics\" "
		 "data-live><div class=\"wide\" role=\"region\" "
		 "aria-label=\"Metrics\" tabindex=\"0\"><table><caption "
		 "class=\"vh\">Metrics "
		 "and forecasts</caption><thead><tr>"
		 "<th scope=\"col\">Metric</th>"
		 "<th scope=\"col\" class=\"num\">Now</th>"
		 "<th scope=\"col\" class=\"num\">Expected</th>"
		 "<th scope=\"col\" class=\"num\">Planned for</th>"
		 "<th scope=\"col\">Model</th>"
		 "<th scope=\"col\" class=\"num\">Skill</th>"
		 "<th scope=\"col\" class=\"num\">Coverage</th></tr></thead><tbody>");
	for (int32_t m = 0; m < s->policy->metric_count; m++)
		write_metric(out, &s->policy->metrics[m], &s->metrics[m]);
	str_puts(out, "</tbody></table></div><p class=\"hint\">Skill: how much less the "
		      "forecast misses than the best simple rule. Coverage: the share of "
		      "the recent load that stayed below what was planned for.</p>"
		      "</div></section>");
}

static void write_gate(struct str *out, const struct policy_status *s)
{
	char text[48];
	const struct gate *g = &s->gate;
	const struct status_condition *c = &s->conditions[PC_FORECAST_TRUSTED];
	if (!status_has_forecast(s))
		return;
	html_add(out,
		 "<section aria-labelledby=\"gate-h\"><h2 id=\"gate-h\">Is the forecast "
		 "followed?</h2><div id=\"gate\" data-live><p class=\"why\">%s: %s</p>"
		 "<dl class=\"facts\">",
		 standing_forecast(s), c->message);
	fact(out, "Cost with the forecast",
	     html_number(gate_cost_ours(g), text, sizeof(text)));
	fact(out, "Cost with the HPA’s rule",
	     html_number(gate_cost_reactive(g), text, sizeof(text)));
	fact(out, "Evidence",
	     duration_format(g->evidence_min * MS_PER_MIN, text, sizeof(text)));
	fact(out, g->open ? "Open since" : "Shut since",
	     html_time(g->since_ms, text, sizeof(text)));
	fact(out, "Asks for more than it may yet", s->capped ? "yes" : "no");
	str_puts(out,
		 "</dl><p class=\"hint\">Costs are pods, with load that met no Ready "
		 "pod counted as many: what two virtual deployments would have spent "
		 "a minute of late.</p></div></section>");
}

static void write_conditions(struct str *out, const struct policy_status *s)
{
	static const char *const words[] = {"unknown", "true", "false"};
	char text[32];
	str_puts(out, "<section aria-labelledby=\"conditions-h\"><h2 "
		      "id=\"conditions-h\">Conditions</h2><div id=\"conditions\" "
		      "data-live><div class=\"wide\" role=\"region\" "
		      "aria-label=\"Conditions\" tabindex=\"0\"><table><caption "
		      "class=\"vh\">Conditions</caption><thead><tr>"
		      "<th scope=\"col\">Condition</th><th scope=\"col\">Is</th>"
		      "<th scope=\"col\">Why</th>"
		      "</tr></thead><tbody>");
	for (int i = 0; i < PC_COUNT; i++) {
		const struct status_condition *c = &s->conditions[i];
		html_add(out,
			 "<tr><th scope=\"row\">%s</th><td>%s</td><td "
			 "class=\"text\"><b>%s</b> %s",
			 policy_condition_name(i), words[c->status],
			 c->reason ? c->reason : "", c->message);
		if (c->since_ms)
			html_add(out, "<span class=\"sub\">since %s</span>",
				 html_time(c->since_ms, text, sizeof(text)));
		str_puts(out, "</td></tr>");
	}
	str_puts(out, "</tbody></table></div></div></section>");
}

static void write_program_link(struct str *out, const struct policy_status *s)
{
	str_puts(out, "<p class=\"hint\">As JSON: <a href=\"/api/v1/policies/");
	http_escape(out, s->ns);
	str_puts(out, "/");
	http_escape(out, s->name);
	html_add(out, "\">/api/v1/policies/%s/%s</a></p>", s->ns, s->name);
}

void page_policy_write(struct str *out, const struct page_view *v, int32_t i)
{
	const struct policy_status *s = v->now.policies[i];
	char *title AUTO_FREE = xasprintf("%s/%s: Foretop", s->ns, s->name);
	frame_open(out, v, title);
	write_head(out, s);
	if (s->policy) {
		write_past(out, v, i);
		write_metrics(out, s);
		write_gate(out, s);
	}
	write_conditions(out, s);
	write_program_link(out, s);
	frame_close(out);
}
