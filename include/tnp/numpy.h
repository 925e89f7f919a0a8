// The NumPy API in C++: NumPy's names, defaults and results, composed of the primitives.
#pragma once

#include "tnp/array.h"
#include "tnp/creation.h"
#include "tnp/elementwise.h"
#include "tnp/einsum.h"
#include "tnp/fft.h"
#include "tnp/indexing.h"
#include "tnp/linalg.h"
#include "tnp/manipulation.h"
#include "tnp/numeric.h"
#include "tnp/operators.h"
#include "tnp/primitives.h"
#include "tnp/products.h"
#include "tnp/reductions.h"
