/* Front header of base: types and pure functions that every other folder may use. */
#ifndef FORETOP_BASE_H
#define FORETOP_BASE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/fixed.h"
#include "base/hash.h"
#include "base/hash_table.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/quantity.h"
#include "base/sort.h"
#include "base/str.h"
#include "base/texts.h"
#include "base/timefmt.h"
#include "base/yaml.h"
#include "base/yaml_json.h"
#include "base/zone.h"

#endif
