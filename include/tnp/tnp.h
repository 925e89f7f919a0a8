// Everything: tnp for C++.
#pragma once

#include "tnp/array.h"
#include "tnp/control.h"
#include "tnp/dtype.h"
#include "tnp/elementwise.h"
#include "tnp/error.h"
#include "tnp/function.h"
#include "tnp/gradient.h"
#include "tnp/npy.h"
#include "tnp/numpy.h"
#include "tnp/operators.h"
#include "tnp/primitives.h"
#include "tnp/profile.h"
#include "tnp/random.h"
#include "tnp/runtime.h"
#include "tnp/shape.h"
#include "tnp/text.h"
