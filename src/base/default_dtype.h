// The settings of promotion (tnp/promotion.h), under the name that those who need the default float ask for.
#pragma once

#include "tnp/promotion.h"
