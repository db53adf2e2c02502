#include "http/exchange.h"

#include <stdlib.h>

#define IN_FLIGHT 8
#define QUEUED    20000

struct lane {
	struct http_exchange *first, **last; /* waiting, oldest first */
	struct http_exchange *running;
	int running_count;
};

struct http_client {
	struct reactor *reactor;
	struct endpoint endpoint;
	int max_in_flight, max_queued;
	int queued;
	struct lane lanes[LANES];
	http_observer *observe; /* NULL: nobody */
	void *observe_arg;
	struct timer pump; /* starts what may start, outside of any callback of curl */
};

static void queue_append(struct lane *lane, struct http_exchange *x)
{
	x->next = NULL;
	x->link = lane->last;
	*lane->last = x;
	lane->last = &x->next;
}

static void list_remove(struct lane *lane, struct http_exchange *x)
{
	*x->link = x->next;
	if (x->next)
		x->next->link = x->link;
	else if (lane->last == &x->next)
		lane->last = x->link;
	x->next = NULL;
	x->link = NULL;
}

static void running_add(struct lane *lane, struct http_exchange *x)
{
	x->next = lane->running;
	x->link = &lane->running;
	if (x->next)
		x->next->link = &x->next;
	lane->running = x;
	lane->running_count++;
}

static int in_flight(const struct http_client *c)
{
	return c->lanes[LANE_NORMAL].running_count +
	       c->lanes[LANE_BACKGROUND].running_count;
}

/* Streams always; the others while there are places, of which background requests take
 * half at most. */
static bool may_start(const struct http_client *c, enum exchange_lane lane)
{
	if (!c->lanes[lane].first)
		return false;
	if (lane == LANE_STREAM)
		return true;
	if (in_flight(c) >= c->max_in_flight)
		return false;
	int half = c->max_in_flight > 1 ? c->max_in_flight / 2 : 1;
	return lane == LANE_NORMAL || c->lanes[lane].running_count < half;
}

static struct http_exchange *take_next(struct http_client *c)
{
	for (int lane = 0; lane < LANES; lane++) {
		struct http_exchange *x = c->lanes[lane].first;
		if (!may_start(c, lane))
			continue;
		list_remove(&c->lanes[lane], x);
		c->queued--;
		return x;
	}
	return NULL;
}

static void on_pump(void *arg);

void client_observe(const struct http_exchange *x, const struct http_response *response)
{
	const struct http_client *c = x->client;
	if (c->observe)
		c->observe(c->observe_arg, x->method, x->lane == LANE_STREAM, response);
}

static void pump_soon(struct http_client *c)
{
	timer_set(c->reactor, &c->pump, 0, on_pump, c);
}

static void refuse(struct http_exchange *x, const struct err *why)
{
	struct http_response response = {
		.failed = HTTP_NOT_SENT,
		.err = *why,
		.body = "",
		.content_type = "",
		.retry_after_ms = -1,
	};
	client_observe(x, &response);
	x->done(x->arg, &response);
	exchange_free(x);
}

static void on_pump(void *arg)
{
	struct http_client *c = arg;
	struct http_exchange *x;
	/* A file that cannot be read now was read when the request was taken: its last
	 * content stays in force. */
	endpoint_refresh(&c->endpoint, NULL);
	while ((x = take_next(c))) {
		struct err err = {0};
		if (exchange_start(x, &err) < 0) {
			/* The callback may free the client, so the rest waits for the
			 * next round. */
			pump_soon(c);
			refuse(x, &err);
			return;
		}
		running_add(&c->lanes[x->lane], x);
	}
}

void client_ended(struct http_exchange *x)
{
	struct http_client *c = x->client;
	list_remove(&c->lanes[x->lane], x);
	c->lanes[x->lane].running_count--;
	pump_soon(c);
}

struct http_client *http_client_new(struct reactor *r,
				    const struct http_client_config *config,
				    struct err *err)
{
	struct http_client *c = xcalloc(1, sizeof(*c));
	if (endpoint_init(&c->endpoint, config, err) < 0) {
		free(c);
		return NULL;
	}
	c->reactor = r;
	c->observe = config->observe;
	c->observe_arg = config->observe_arg;
	c->max_in_flight = config->max_in_flight > 0 ? config->max_in_flight : IN_FLIGHT;
	c->max_queued = config->max_queued > 0 ? config->max_queued : QUEUED;
	for (int i = 0; i < LANES; i++)
		c->lanes[i].last = &c->lanes[i].first;
	return c;
}

static void free_list(struct http_exchange *x)
{
	while (x) {
		struct http_exchange *next = x->next;
		exchange_free(x);
		x = next;
	}
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	timer_cancel(&c->pump);
	for (int i = 0; i < LANES; i++) {
		free_list(c->lanes[i].first);
		free_list(c->lanes[i].running);
	}
	endpoint_fini(&c->endpoint);
	free(c);
}

void http_client_cleanup(struct http_client **c)
{
	http_client_free(*c);
}

struct http_exchange *http_send(struct http_client *c, const struct http_request *request,
				struct err *err)
{
	if (c->queued >= c->max_queued) {
		err_set(err, ERR_RETRY, "%s: %d requests wait already",
			c->endpoint.authority, c->queued);
		return NULL;
	}
	if (endpoint_refresh(&c->endpoint, err) < 0)
		return NULL;
	struct http_exchange *x = exchange_new(c->reactor, &c->endpoint, request, err);
	if (!x)
		return NULL;
	x->client = c;
	queue_append(&c->lanes[x->lane], x);
	c->queued++;
	pump_soon(c);
	return x;
}

void http_cancel(struct http_exchange *x)
{
	if (!x)
		return;
	struct http_client *c = x->client;
	struct lane *lane = &c->lanes[x->lane];
	list_remove(lane, x);
	if (x->running)
		lane->running_count--;
	else
		c->queued--;
	pump_soon(c);
	exchange_free(x);
}

int http_client_in_flight(const struct http_client *c)
{
	return in_flight(c) + c->lanes[LANE_STREAM].running_count;
}

int http_client_queued(const struct http_client *c)
{
	return c->queued;
}

void http_client_set_ca(struct http_client *c, const char *ca_pem)
{
	endpoint_set(&c->endpoint, SECRET_CA, ca_pem);
}

void http_client_set_certificate(struct http_client *c, const char *cert_pem,
				 const char *key_pem)
{
	endpoint_set(&c->endpoint, SECRET_CERT, cert_pem);
	endpoint_set(&c->endpoint, SECRET_KEY, key_pem);
}

void http_client_set_token(struct http_client *c, const char *token)
{
	endpoint_set(&c->endpoint, SECRET_TOKEN, token);
}

void http_client_reload(struct http_client *c)
{
	for (int i = 0; i < SECRET_KINDS; i++)
		secret_forget(&c->endpoint.secrets[i]);
}

int http_client_secrets(struct http_client *c, struct http_secrets *ret_secrets,
			struct err *err)
{
	struct endpoint *e = &c->endpoint;
	if (endpoint_refresh(e, err) < 0)
		return -1;
	*ret_secrets = (struct http_secrets){
		.authorization = e->authorization,
		.ca_pem = secret_text(&e->secrets[SECRET_CA]),
		.cert_pem = secret_text(&e->secrets[SECRET_CERT]),
		.key_pem = secret_text(&e->secrets[SECRET_KEY]),
		.tls_generation = e->tls_generation,
	};
	return 0;
}
