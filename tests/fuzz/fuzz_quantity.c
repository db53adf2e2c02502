/* Kubernetes quantities: both readings agree, and what is printed reads back. */
#include "fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>

#define QUANTITY_SIZE 24 /* "always suffices" */

static void check_print(int64_t milli, int binary)
{
	char *buf AUTO_FREE = xmalloc(QUANTITY_SIZE);
	int64_t back = 0;
	struct err err = {0};
	must(quantity_parse(quantity_format(milli, binary, buf, QUANTITY_SIZE), &back,
			    &err) == 0,
	     "%s", err.msg);
	must(back == milli, "%lld became %s, then %lld", (long long)milli, buf,
	     (long long)back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text AUTO_FREE = fuzz_text(data, size);
	int64_t milli = 7;
	double value = 7;
	struct err err = {0}, err_double = {0};
	int result = quantity_parse(text, &milli, &err);
	must(quantity_parse_double(text, &value, &err_double) == result, "\"%s\"", text);
	if (result < 0) {
		must_explain(&err);
		must_equal(err.msg, err_double.msg);
		must(milli == 7 && value == 7, "touched");
		return 0;
	}
	must(!isnan(value), "\"%s\"", text);
	check_print(milli, 0);
	check_print(milli, 1);
	/* Rounded up to a milli-unit, and never beyond 64 bits. */
	if (fabs(value) < 9e15)
		must((double)milli >= value * 1000 - fabs(value) * 1e-9 &&
			     (double)milli <= value * 1000 + 1 + fabs(value) * 1e-9,
		     "\"%s\" is %.17g, and %lld m", text, value, (long long)milli);
	else
		must((milli < 0) == (value < 0), "\"%s\" is %.17g, and %lld m", text,
		     value, (long long)milli);
	return 0;
}
