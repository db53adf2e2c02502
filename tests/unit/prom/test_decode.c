#include "prom/prom.h"
#include "unit/harness.h"

#include <stdio.h>
#include <string.h>

static const struct prom_limits wide = {.max_series = 1000, .max_samples = 1000};

/* Decodes from a heap copy without a NUL, so that a sanitizer sees a read too far. */
static enum prom_outcome decode(int status, const char *type, const char *text,
				const struct prom_limits *limits, struct prom_result *ret,
				struct err *err)
{
	size_t len = strlen(text);
	char *copy = xmalloc(len ? len : 1);
	memcpy(copy, text, len);
	const struct prom_body body = {
		.status = status, .content_type = type, .text = copy, .len = len};
	enum prom_outcome outcome = prom_decode(&body, limits, NULL, ret, err);
	free(copy);
	return outcome;
}

static struct prom_result good(const char *text)
{
	struct prom_result r = {0};
	struct err err = {0};
	enum prom_outcome outcome =
		decode(200, "application/json", text, &wide, &r, &err);
	ck_assert_msg(outcome == PROM_OK, "%s: %s", prom_outcome_name(outcome), err.msg);
	return r;
}

#define SUCCESS(type, result)                                                            \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"" type                       \
	"\",\"result\":" result "}}"

START_TEST(memory_that_is_kept_from_answer_to_answer_holds_none_of_them)
{
	static const char answer[] =
		SUCCESS("vector", "[{\"metric\":{\"pod\":\"a-1\"},\"value\":[1,\"1\"]}]");
	static const char other[] =
		SUCCESS("vector", "[{\"metric\":{\"pod\":\"b-2\"},\"value\":[2,\"2\"]}]");
	const struct prom_body bodies[] = {
		{200, "application/json", answer, sizeof(answer) - 1},
		{200, "application/json", "{\"status\":", 10},
		{200, "application/json", other, sizeof(other) - 1},
	};
	struct arena scratch AUTO(arena_fini) = {0};
	struct prom_result first AUTO(prom_result_fini) = {0};
	struct prom_result last AUTO(prom_result_fini) = {0};
	struct err err = {0};
	ck_assert_int_eq(prom_decode(&bodies[0], &wide, &scratch, &first, &err), PROM_OK);
	size_t taken = scratch.taken;
	ck_assert_int_eq(prom_decode(&bodies[1], &wide, &scratch, &last, &err),
			 PROM_FAILED);
	ck_assert_int_eq(prom_decode(&bodies[2], &wide, &scratch, &last, &err), PROM_OK);
	ck_assert_uint_eq(scratch.taken, taken);
	ck_assert_str_eq(first.series[0].pod, "a-1");
	ck_near(first.series[0].samples[0].v, 1, 0);
	ck_assert_str_eq(last.series[0].pod, "b-2");
	ck_near(last.series[0].samples[0].v, 2, 0);
}
END_TEST

START_TEST(a_vector_has_labels_times_and_values)
{
	struct prom_result r = good(SUCCESS(
		"vector",
		"[{\"metric\":{\"__name__\":\"up\",\"namespace\":\"shop\",\"pod\":\"a-"
		"1\","
		"\"container\":\"app\"},\"value\":[1700000000.123,\"0.5\"]},"
		"{\"metric\":{\"__name__\":\"up\",\"namespace\":\"shop\",\"job\":\"x\"},"
		"\"value\":[1700000000,\"1e3\"]}]"));
	ck_assert_int_eq(r.type, PROM_VECTOR);
	ck_assert_uint_eq(r.series_count, 2);
	const struct prom_series *s = &r.series[0];
	ck_assert_str_eq(s->ns, "shop");
	ck_assert_str_eq(s->pod, "a-1");
	ck_assert_str_eq(s->container, "app");
	ck_assert_str_eq(prom_label(s, "__name__"), "up");
	ck_assert_uint_eq(s->sample_count, 1);
	ck_assert_int_eq(s->samples[0].t_ms, 1700000000123);
	ck_near(s->samples[0].v, 0.5, 0);
	s = &r.series[1];
	ck_assert_str_eq(s->ns, "shop");
	ck_assert_str_eq(s->pod, "");
	ck_assert_str_eq(prom_label(s, "job"), "x");
	ck_assert_str_eq(prom_label(s, "nothing"), "");
	ck_near(s->samples[0].v, 1000, 0);
	prom_result_fini(&r);
	prom_result_fini(&r);
	prom_result_fini(NULL);
}
END_TEST

START_TEST(a_matrix_keeps_the_order_of_time_and_drops_what_goes_back)
{
	struct prom_result r = good(
		SUCCESS("matrix", "[{\"metric\":{},\"values\":[[60,\"1\"],[120,\"2\"],"
				  "[120,\"3\"],[90,\"4\"],[180,\"5\"]]},"
				  "{\"metric\":{\"a\":\"b\"},\"values\":[]}]"));
	ck_assert_int_eq(r.type, PROM_MATRIX);
	ck_assert_uint_eq(r.series_count, 1);
	ck_assert_uint_eq(r.series[0].label_count, 0);
	ck_assert_uint_eq(r.series[0].sample_count, 3);
	static const int64_t times[] = {60000, 120000, 180000};
	static const double values[] = {1, 2, 5};
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(r.series[0].samples[i].t_ms, times[i]);
		ck_near(r.series[0].samples[i].v, values[i], 0);
	}
	prom_result_fini(&r);
}
END_TEST

START_TEST(a_scalar_is_one_series_without_labels)
{
	struct prom_result r = good(SUCCESS("scalar", "[1700000000.5, \"42\"]"));
	ck_assert_int_eq(r.type, PROM_SCALAR);
	ck_assert_uint_eq(r.series_count, 1);
	ck_assert_uint_eq(r.series[0].label_count, 0);
	ck_assert_str_eq(r.series[0].pod, "");
	ck_near(r.series[0].samples[0].v, 42, 0);
	prom_result_fini(&r);
}
END_TEST

static const struct {
	const char *text;
	double v; /* NaN: not known */
} values[] = {
	{"0", 0},
	{"-1.5", -1.5},
	{"1e-9", 1e-9},
	{"1.7976931348623157e+308", 1.7976931348623157e308},
	{"9007199254740993", 9007199254740992.0},
	{"NaN", NAN},
	{"+Inf", NAN},
	{"-Inf", NAN},
	{"Inf", NAN},
	{"1e999", NAN},
};

START_TEST(what_is_not_finite_is_not_known)
{
	char text[256];
	snprintf(text, sizeof(text), SUCCESS("scalar", "[1,\"%s\"]"), values[_i].text);
	struct prom_result r = good(text);
	double v = r.series[0].samples[0].v;
	if (isnan(values[_i].v))
		ck_assert(isnan(v));
	else
		ck_assert_msg(v == values[_i].v, "%g", v);
	prom_result_fini(&r);
}
END_TEST

static const char *const no_values[] = {"",      " 1",  "1 ",  "1x",  "0x10",
					"0x1p3", "nan", "inf", "1,5", "1e5e",
					"--1",   ".",   "INF", "+NaN"};

START_TEST(what_is_no_number_in_full_is_refused)
{
	char text[256];
	struct prom_result r = {0};
	struct err err = {0};
	snprintf(text, sizeof(text), SUCCESS("scalar", "[1,\"%s\"]"), no_values[_i]);
	ck_assert_int_eq(decode(200, "", text, &wide, &r, &err), PROM_FAILED);
	ck_assert_str_eq(err.msg, "answered with a sample whose value is no number");
}
END_TEST

START_TEST(members_in_any_order_and_unknown_ones_do_not_matter)
{
	struct prom_result r = good(
		" {\"stats\":{\"seriesFetched\":\"3\",\"x\":[{},[],[1,2],null,true,-0."
		"5e1]},"
		"\"infos\":[\"PromQL info: metric might not be a counter\"],"
		"\"warnings\":null,\"isPartial\":false,"
		"\"data\":{\"result\":[{\"value\":[1,\"2\"],\"extra\":false,\"metric\":{}"
		"}],"
		"\"warnings\":[],\"resultType\":\"vector\"},\"status\":\"success\"}\n ");
	ck_near(r.series[0].samples[0].v, 2, 0);
	prom_result_fini(&r);
}
END_TEST

START_TEST(hints_among_the_warnings_take_nothing_away)
{
	struct prom_result r =
		good("{\"status\":\"success\",\"warnings\":[\"PromQL info: metric might "
		     "not be a counter, name does not end in _total\"],\"data\":"
		     "{\"resultType\":\"scalar\",\"result\":[1,\"2\"]}}");
	ck_assert_uint_eq(r.series_count, 1);
	prom_result_fini(&r);
}
END_TEST

START_TEST(escapes_in_labels_are_resolved)
{
	struct prom_result r = good(
		SUCCESS("vector",
			"[{\"metric\":{\"pod\":\"a\\\"\\\\\\/\\n\\t\\u00e9\\ud83d\\ude00"
			"\\\\u0000\"},\"value\":[1,\"2\"]}]"));
	ck_assert_str_eq(r.series[0].pod, "a\"\\/\n\t\xc3\xa9\xf0\x9f\x98\x80\\u0000");
	prom_result_fini(&r);
}
END_TEST

static const struct {
	int status;
	const char *type, *text;
	enum prom_outcome outcome;
	enum err_code code;
	const char *says; /* the whole text */
} bad[] = {
	/* Foreign answers. */
	{502, "text/html", "<html><body>502 Bad Gateway</body></html>", PROM_FAILED,
	 ERR_RETRY, "answered with HTML, not JSON (status 502): is the URL right?"},
	{200, "application/json", " \n<!doctype html>", PROM_FAILED, ERR_RETRY,
	 "answered with HTML, not JSON (status 200): is the URL right?"},
	{200, "Text/HTML; charset=utf-8", "{}", PROM_FAILED, ERR_RETRY,
	 "answered with HTML, not JSON (status 200): is the URL right?"},
	{302, "text/html", "<a href=\"/login\">", PROM_FAILED, ERR_RETRY,
	 "redirected (status 302), which is not followed: is the URL right?"},
	{200, "", "", PROM_FAILED, ERR_RETRY, "answered with nothing (status 200)"},
	{503, "", "  ", PROM_FAILED, ERR_RETRY, "answered with nothing (status 503)"},
	{404, "text/plain", "404 page\nnot found\n", PROM_FAILED, ERR_RETRY,
	 "answered with text, not JSON (status 404): 404 page not found "},
	{200, "application/json", "[1]", PROM_FAILED, ERR_RETRY,
	 "answered with text, not JSON (status 200): [1]"},
	{403, "application/json",
	 "{\"kind\":\"Status\",\"message\":\"services is forbidden\"}", PROM_FAILED,
	 ERR_RETRY, "status 403: services is forbidden"},
	{401, "application/json", "{}", PROM_FAILED, ERR_RETRY, "status 401"},
	{200, "application/json", "{\"hello\":1}", PROM_FAILED, ERR_RETRY, "status 200"},
	/* Errors in Prometheus' own words. */
	{400, "application/json",
	 "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid parameter "
	 "\\\"query\\\": 1:4: parse error: unexpected \\u003ceof\\u003e\"}",
	 PROM_REFUSED, ERR_INVALID,
	 "status 400: bad_data: invalid parameter \"query\": 1:4: parse error: "
	 "unexpected "
	 "<eof>"},
	{422, "application/json",
	 "{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"found duplicate "
	 "series\"}",
	 PROM_REFUSED, ERR_RETRY, "status 422: execution: found duplicate series"},
	{422, "application/json",
	 "{\"status\":\"error\",\"errorType\":\"422\",\"error\":\"cannot parse\"}",
	 PROM_REFUSED, ERR_RETRY, "status 422: cannot parse"},
	/* VictoriaMetrics 1.151.0 of a query that does not parse, and of one that is too
	 * long. */
	{400, "application/json",
	 "{\"status\":\"error\",\"errorType\":\"400\",\"error\":\"error when executing "
	 "query=\\\"sum(\\\" for (time=1795959747199, step=300000): singleExpr: "
	 "unexpected token \\\"\\\"\"}",
	 PROM_REFUSED, ERR_INVALID,
	 "status 400: error when executing query=\"sum(\" for (time=1795959747199, "
	 "step=300000): singleExpr: unexpected token \"\""},
	{400, "application/json",
	 "{\"status\":\"error\",\"errorType\":\"400\",\"error\":\"too long query; got "
	 "17022 bytes; mustn\\u0027t exceed `-search.maxQueryLen=16384` bytes\"}",
	 PROM_REFUSED, ERR_INVALID,
	 "status 400: too long query; got 17022 bytes; mustn't exceed "
	 "`-search.maxQueryLen=16384` bytes"},
	{503, "application/json",
	 "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"query timed out\"}",
	 PROM_FAILED, ERR_RETRY, "status 503: timeout: query timed out"},
	{200, "application/json", "{\"status\":\"error\",\"error\":\"odd\"}", PROM_FAILED,
	 ERR_RETRY, "status 200: odd"},
	{500, "application/json", SUCCESS("scalar", "[1,\"2\"]"), PROM_FAILED, ERR_RETRY,
	 "status 500"},
	/* Data that is missing. */
	{200, "application/json", SUCCESS("vector", "[]"), PROM_EMPTY, ERR_RETRY,
	 "no series"},
	{200, "application/json", SUCCESS("matrix", "[{\"metric\":{},\"values\":[]}]"),
	 PROM_EMPTY, ERR_RETRY, "no series"},
	{200, "application/json",
	 "{\"status\":\"success\",\"warnings\":[\"store 10.0.0.1: timeout\"],\"data\":"
	 "{\"resultType\":\"scalar\",\"result\":[1,\"2\"]}}",
	 PROM_PARTIAL, ERR_RETRY, "partial data: store 10.0.0.1: timeout"},
	/* Thanos 0.42.4 of a store that does not answer: not even a series is left. */
	{200, "application/json",
	 "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[],"
	 "\"analysis\":{}},\"warnings\":[\"fetch series for {cluster=\\\"a\\\"} Addr: "
	 "10.0.0.1:10901 MinTime: 1795937280000 MaxTime: 9223372036854775807: rpc error: "
	 "code = Unavailable desc = connection error\"]}",
	 PROM_PARTIAL, ERR_RETRY,
	 "partial data: fetch series for {cluster=\"a\"} Addr: 10.0.0.1:10901 MinTime: "
	 "1795937280000 MaxTime: 9223372036854775807: rpc error: code = Unavailable desc "
	 "= "
	 "connection error"},
	{200, "application/json",
	 "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,"
	 "\"2\"]"
	 ",\"warnings\":[\"a\",\"b\",\"c\"]}}",
	 PROM_PARTIAL, ERR_RETRY, "partial data: a (and 2 more warnings)"},
	{200, "application/json",
	 "{\"status\":\"success\",\"isPartial\":true,\"data\":{\"resultType\":\"vector\","
	 "\"result\":[]}}",
	 PROM_PARTIAL, ERR_RETRY, "partial data: the server says isPartial"},
	{200, "application/json",
	 "{\"status\":\"success\",\"isPartial\":false,\"data\":{\"isPartial\":true,"
	 "\"resultType\":\"scalar\",\"result\":[1,\"2\"]}}",
	 PROM_PARTIAL, ERR_RETRY, "partial data: the server says isPartial"},
	{200, "application/json", "{\"status\":\"success\"}", PROM_FAILED, ERR_RETRY,
	 "answered without a result (status 200): is the URL right?"},
	{200, "application/json", "{\"status\":\"success\",\"data\":null}", PROM_FAILED,
	 ERR_RETRY, "answered without a result (status 200): is the URL right?"},
	/* Results that are no numbers. */
	{200, "application/json", SUCCESS("string", "[1,\"x\"]"), PROM_REFUSED,
	 ERR_INVALID, "the result is a string, numbers are expected"},
	{200, "application/json",
	 SUCCESS("vector",
		 "[{\"metric\":{},\"histogram\":[1,{\"count\":\"1\",\"sum\":\"2\"}]}]"),
	 PROM_REFUSED, ERR_INVALID,
	 "the result has native histograms, numbers are expected: use "
	 "histogram_quantile, "
	 "histogram_count or histogram_sum"},
	{200, "application/json",
	 SUCCESS("matrix", "[{\"metric\":{},\"histograms\":[[1,{}]]}]"), PROM_REFUSED,
	 ERR_INVALID,
	 "the result has native histograms, numbers are expected: use "
	 "histogram_quantile, "
	 "histogram_count or histogram_sum"},
	{200, "application/json", SUCCESS("streams", "[]"), PROM_FAILED, ERR_RETRY,
	 "answered with a result of an unknown type"},
	/* Broken ones. */
	{200, "application/json", "{\"status\":\"success\"", PROM_FAILED, ERR_RETRY,
	 "answered with broken JSON (status 200): not JSON at byte 18 of 19"},
	{200, "application/json", SUCCESS("vector", "[]") "x", PROM_FAILED, ERR_RETRY,
	 "answered with broken JSON (status 200): not JSON at byte 63 of 64"},
	{200, "application/json", SUCCESS("vector", "{}"), PROM_FAILED, ERR_RETRY,
	 "answered with a result of another form"},
	{200, "application/json", SUCCESS("vector", "[{\"value\":[1]}]"), PROM_FAILED,
	 ERR_RETRY, "answered with a result of another form (series 1, sample 1)"},
	{200, "application/json", SUCCESS("vector", "[{\"value\":[1,2]}]"), PROM_FAILED,
	 ERR_RETRY, "answered with a result of another form (series 1, sample 1)"},
	{200, "application/json", SUCCESS("vector", "[{\"value\":[1,\"2\",3]}]"),
	 PROM_FAILED, ERR_RETRY,
	 "answered with a sample with more than time and value (series 1, sample 1)"},
	{200, "application/json", SUCCESS("vector", "[{\"value\":[1,\"zwei\"]}]"),
	 PROM_FAILED, ERR_RETRY,
	 "answered with a sample whose value is no number (series 1, sample 1)"},
	{200, "application/json", SUCCESS("vector", "[{\"value\":[1,\"0x10\"]}]"),
	 PROM_FAILED, ERR_RETRY,
	 "answered with a sample whose value is no number (series 1, sample 1)"},
	{200, "application/json", SUCCESS("vector", "[{\"value\":[1e300,\"1\"]}]"),
	 PROM_FAILED, ERR_RETRY,
	 "answered with a sample whose time is no time (series 1, sample 1)"},
	{200, "application/json", SUCCESS("vector", "[{\"metric\":{\"a\":1}}]"),
	 PROM_FAILED, ERR_RETRY, "answered with a result of another form (series 1)"},
	{200, "application/json", SUCCESS("vector", "[{\"value\":[1e999,\"1\"]}]"),
	 PROM_FAILED, ERR_RETRY,
	 "answered with a sample whose time is no time (series 1, sample 1)"},
	{200, "application/json",
	 SUCCESS("matrix",
		 "[{\"values\":[[1,\"1\"]]},{\"values\":[[1,\"1\"],[2,null]]}]"),
	 PROM_FAILED, ERR_RETRY,
	 "answered with a result of another form (series 2, sample 2)"},
	{200, "application/json",
	 SUCCESS("vector", "[{\"metric\":[\"a\"],\"value\":[1,\"1\"]}]"), PROM_FAILED,
	 ERR_RETRY, "answered with a result of another form (series 1)"},
	{200, "application/json", SUCCESS("matrix", "[{\"values\":{\"a\":[1,\"1\"]}}]"),
	 PROM_FAILED, ERR_RETRY, "answered with a result of another form (series 1)"},
	{200, "application/json",
	 SUCCESS("vector", "[{\"value\":{\"a\":1,\"b\":\"1\"}}]"), PROM_FAILED, ERR_RETRY,
	 "answered with a result of another form (series 1, sample 1)"},
	{200, "application/json", SUCCESS("vector", "[{\"value\":[\"1\",\"1\"]}]"),
	 PROM_FAILED, ERR_RETRY,
	 "answered with a result of another form (series 1, sample 1)"},
	{200, "application/json", SUCCESS("vector", "[7]"), PROM_FAILED, ERR_RETRY,
	 "answered with a result of another form (series 1)"},
	{200, "application/json", SUCCESS("scalar", "[1,2]"), PROM_FAILED, ERR_RETRY,
	 "answered with a result of another form"},
	{200, "application/json", SUCCESS("vector", "null"), PROM_FAILED, ERR_RETRY,
	 "answered with a result of another form"},
	/* Two of one name: nobody says which counts. */
	{200, "application/json",
	 "{\"status\":\"success\",\"status\":\"error\",\"data\":{}}", PROM_FAILED,
	 ERR_RETRY, "answered with two members of one name (status 200)"},
	{200, "application/json",
	 "{\"status\":\"success\",\"data\":{\"isPartial\":false,\"isPartial\":true,"
	 "\"resultType\":\"scalar\",\"result\":[1,\"2\"]}}",
	 PROM_FAILED, ERR_RETRY, "answered with two members of one name (status 200)"},
	{200, "application/json",
	 SUCCESS("vector", "[{\"value\":[1,\"1\"],\"value\":[2,\"2\"]}]"), PROM_FAILED,
	 ERR_RETRY, "answered with two members of one name (series 1)"},
	/* Strings that cJSON cannot hold. */
	{200, "application/json",
	 SUCCESS("vector", "[{\"metric\":{\"pod\":\"a\\u0000b\"},\"value\":[1,\"1\"]}]"),
	 PROM_FAILED, ERR_RETRY, "answered with a NUL (byte 79 of 108)"},
	{200, "application/json",
	 SUCCESS("vector", "[{\"metric\":{\"pod\":\"\\ud800x\"},\"value\":[1,\"1\"]}]"),
	 PROM_FAILED, ERR_RETRY,
	 "answered with broken JSON (status 200): not JSON at byte 78 of 107"},
};

START_TEST(what_is_no_whole_answer_is_unknown_with_its_cause)
{
	struct prom_result r = {.series_count = 77};
	struct err err = {0};
	enum prom_outcome outcome =
		decode(bad[_i].status, bad[_i].type, bad[_i].text, &wide, &r, &err);
	ck_assert_str_eq(err.msg, bad[_i].says);
	ck_assert_str_eq(prom_outcome_name(outcome), prom_outcome_name(bad[_i].outcome));
	ck_assert_int_eq(err.code, bad[_i].code);
	ck_assert_uint_eq(r.series_count, 77);
}
END_TEST

static const struct {
	struct prom_limits limits;
	enum prom_outcome outcome;
	const char *says;
} limited[] = {
	{{.max_series = 2, .max_samples = 3}, PROM_OK, ""},
	{{.max_series = 1, .max_samples = 3},
	 PROM_FAILED,
	 "answered with more series than the limit"},
	{{.max_series = 2, .max_samples = 2},
	 PROM_FAILED,
	 "answered with more samples than the limit"},
};

START_TEST(limits_hold)
{
	struct prom_result r = {0};
	struct err err = {0};
	enum prom_outcome outcome = decode(
		200, "application/json",
		SUCCESS("matrix", "[{\"metric\":{},\"values\":[[1,\"1\"],[2,\"2\"]]},"
				  "{\"metric\":{\"a\":\"b\"},\"values\":[[1,\"1\"]]}]"),
		&limited[_i].limits, &r, &err);
	ck_assert_int_eq(outcome, limited[_i].outcome);
	ck_assert_msg(!strncmp(err.msg, limited[_i].says, strlen(limited[_i].says)), "%s",
		      err.msg);
	prom_result_fini(&r);
}
END_TEST

/* Every prefix of a good answer, and every answer with one byte changed, must end in some
 * outcome without a read or write out of place (that is the sanitizers' part). */
START_TEST(cut_and_changed_answers_are_survived)
{
	static const char text[] =
		SUCCESS("matrix",
			"[{\"metric\":{\"pod\":\"a\\u00e9\"},\"values\":[[1.5,\"-2e1\"],"
			"[2,\"NaN\"]],\"histograms\":[[1,{\"b\":null}]]}]");
	static const char other[] = "{}[]\",:\\u0-eE.ntf\x01\xff ";
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *cut AUTO_FREE = xstrndup(text, len);
		struct prom_result r = {0};
		struct err err = {0};
		ck_assert_int_ne(decode(200, "", cut, &wide, &r, &err), PROM_OK);
		ck_assert_uint_gt(strlen(err.msg), 0);
	}
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		for (const char *c = other; *c; c++) {
			char *changed AUTO_FREE = xstrdup(text);
			struct prom_result r = {0};
			struct err err = {0};
			changed[i] = *c;
			if (decode(200, "", changed, &wide, &r, &err) != PROM_OK)
				ck_assert_uint_gt(strlen(err.msg), 0);
			prom_result_fini(&r);
		}
	}
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	enum { DEEP = 100000 };
	char *text AUTO_FREE = xmalloc(DEEP + 16);
	strcpy(text, "{\"x\":");
	memset(text + 5, '[', DEEP);
	text[DEEP + 5] = '\0';
	struct prom_result r = {0};
	struct err err = {0};
	ck_assert_int_eq(decode(200, "", text, &wide, &r, &err), PROM_FAILED);
	ck_assert_ptr_nonnull(strstr(err.msg, "broken JSON (status 200)"));
}
END_TEST

START_TEST(many_series_survive_the_growth_of_memory)
{
	enum { SERIES = 900 };
	struct str text AUTO(str_fini);
	str_init(&text, 1 << 20);
	str_puts(&text, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","
			"\"result\":[");
	for (int i = 0; i < SERIES; i++)
		str_printf(&text,
			   "%s{\"metric\":{\"namespace\":\"shop\",\"pod\":\"pod-%d\"},"
			   "\"value\":[%d,\"%d\"]}",
			   i ? "," : "", i, i, 2 * i);
	str_puts(&text, "]}}");
	struct prom_result r = good(str_text(&text));
	ck_assert_uint_eq(r.series_count, SERIES);
	for (int i = 0; i < SERIES; i++) {
		char pod[32];
		snprintf(pod, sizeof(pod), "pod-%d", i);
		ck_assert_str_eq(r.series[i].ns, "shop");
		ck_assert_str_eq(r.series[i].pod, pod);
		ck_near(r.series[i].samples[0].v, 2 * i, 0);
	}
	prom_result_fini(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("prom decode");
	TCase *t = tcase_create("decode");
	tcase_add_test(t, memory_that_is_kept_from_answer_to_answer_holds_none_of_them);
	tcase_add_test(t, a_vector_has_labels_times_and_values);
	tcase_add_test(t, a_matrix_keeps_the_order_of_time_and_drops_what_goes_back);
	tcase_add_test(t, a_scalar_is_one_series_without_labels);
	tcase_add_loop_test(t, what_is_not_finite_is_not_known, 0, ARRAY_LEN(values));
	tcase_add_loop_test(t, what_is_no_number_in_full_is_refused, 0,
			    ARRAY_LEN(no_values));
	tcase_add_test(t, members_in_any_order_and_unknown_ones_do_not_matter);
	tcase_add_test(t, hints_among_the_warnings_take_nothing_away);
	tcase_add_test(t, escapes_in_labels_are_resolved);
	tcase_add_loop_test(t, what_is_no_whole_answer_is_unknown_with_its_cause, 0,
			    ARRAY_LEN(bad));
	tcase_add_loop_test(t, limits_hold, 0, ARRAY_LEN(limited));
	tcase_add_test(t, cut_and_changed_answers_are_survived);
	tcase_add_test(t, deep_nesting_is_refused);
	tcase_add_test(t, many_series_survive_the_growth_of_memory);
	suite_add_tcase(s, t);
	return run_suite(s);
}
