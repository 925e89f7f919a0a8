// How types are promoted, and which float type Python floats, `zeros`, `mean` of integers, … give: of the process, with
// an override for each thread.
#pragma once

#include <optional>

#include "tnp/dtype.h"

namespace tnp {

// NumPy's table; the same without pairs that lose digits or turn integers into floats, which are refused; the float's
// width kept beside integers.
enum class PromotionMode : std::uint8_t { legacy, safe, all };

PromotionMode promotion_mode() noexcept;  // that counts here: the thread's, or the process's
PromotionMode process_promotion_mode() noexcept;
void set_promotion_mode(PromotionMode mode) noexcept;
// Sets this thread's override (absent: none) and returns the one before.
std::optional<PromotionMode> exchange_thread_promotion_mode(std::optional<PromotionMode> mode) noexcept;
// NumPy's, whatever the mode. Throws DTypePromotionError for a pair without a common type.
DType numpy_promote(DType a, DType b);

DType default_float() noexcept;  // float64 or float32: the thread's, or the process's
DType process_default_float() noexcept;
void set_default_float(DType dtype) noexcept;
// Sets this thread's override and returns the one before; DType::object stands for none.
DType exchange_thread_default_float(DType dtype) noexcept;

// A number that tells apart all settings that results' types depend on; 0 for the defaults.
int promotion_settings() noexcept;

}  // namespace tnp
