/* Front header of kube: the Kubernetes API. Where the server is and how to log in, REST,
 * list and watch, the scale subresource, leader election, Events and status objects. */
#ifndef FORETOP_KUBE_KUBE_H
#define FORETOP_KUBE_KUBE_H

#include "kube/client.h"
#include "kube/config.h"
#include "kube/configmap.h"
#include "kube/discovery.h"
#include "kube/events.h"
#include "kube/hpa.h"
#include "kube/lease.h"
#include "kube/list.h"
#include "kube/pause.h"
#include "kube/pod.h"
#include "kube/review.h"
#include "kube/scale.h"
#include "kube/selector.h"
#include "kube/shard.h"
#include "kube/version.h"
#include "kube/watch.h"
#include "kube/workload.h"

#endif
