/* Front header of sim: the simulated world, pure and served on loopback. */
#ifndef FORETOP_SIM_SIM_H
#define FORETOP_SIM_SIM_H

#include "sim/contest.h"
#include "sim/front.h"
#include "sim/kubeapi.h"
#include "sim/promapi.h"
#include "sim/replay.h"
#include "sim/rival.h"
#include "sim/script.h"
#include "sim/served.h"
#include "sim/sweep.h"
#include "sim/tape.h"
#include "sim/trace.h"
#include "sim/workload.h"
#include "sim/world.h"

#endif
