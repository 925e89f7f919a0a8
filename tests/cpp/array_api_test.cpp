// The rules of the strict namespace, without Python.
#include "tnp/array_api.h"

#include <gtest/gtest.h>

#include "tnp/creation.h"
#include "tnp/error.h"
#include "tnp/manipulation.h"
#include "tnp/reductions.h"

namespace tnp {
namespace {

using array_api::Access;
using array_api::Category;
using array_api::function_named;

TEST(ArrayApiTypes, CategoriesHoldTheirTypes) {
  EXPECT_TRUE(contains(Category::real_numeric, DType::uint64));
  EXPECT_FALSE(contains(Category::real_numeric, DType::bool_));
  EXPECT_FALSE(contains(Category::real_numeric, DType::complex64));
  EXPECT_FALSE(contains(Category::all, DType::float16));
  EXPECT_FALSE(contains(Category::all, DType::bfloat16));
  EXPECT_FALSE(contains(Category::all, DType::string));
  EXPECT_TRUE(contains(Category::all, DType::bool_));
  EXPECT_TRUE(contains(Category::all, DType::complex128));
}

TEST(ArrayApiTypes, KindsAreNeverMixed) {
  for (int i = 0; i < kNumericDTypeCount; ++i) {
    for (int j = 0; j < kNumericDTypeCount; ++j) {
      const auto a = static_cast<DType>(i), b = static_cast<DType>(j);
      DType out;
      const bool promoted = array_api::try_promote(a, b, out);
      const bool uint64_mixed =
          (a == DType::uint64 && is_signed_integer(b)) || (b == DType::uint64 && is_signed_integer(a));
      const auto kind = [](DType d) { return is_bool(d) ? 0 : is_integer(d) ? 1 : 2; };
      EXPECT_EQ(promoted, array_api::is_standard(a) && array_api::is_standard(b) && kind(a) == kind(b) && !uint64_mixed)
          << name(a) << " " << name(b);
      if (promoted) EXPECT_EQ(out, promote(a, b));
    }
  }
}

TEST(ArrayApiTypes, ScalarsKeepTheArraysType) {
  EXPECT_EQ(array_api::scalar_dtype("f", DType::int8, WeakKind::integer), DType::int8);
  EXPECT_EQ(array_api::scalar_dtype("f", DType::float32, WeakKind::integer), DType::float32);
  EXPECT_EQ(array_api::scalar_dtype("f", DType::float32, WeakKind::complex), DType::complex64);
  EXPECT_THROW(array_api::scalar_dtype("f", DType::int8, WeakKind::floating), TypeError);
  EXPECT_THROW(array_api::scalar_dtype("f", DType::bool_, WeakKind::integer), TypeError);
  EXPECT_THROW(array_api::scalar_dtype("f", DType::float64, WeakKind::boolean), TypeError);
}

TEST(ArrayApiElementwise, RefusesWhatTheTableLeavesOut) {
  EXPECT_THROW(array_api::call(function_named("sin"), Array(1)), TypeError);
  EXPECT_THROW(array_api::call(function_named("add"), Array(true), Array(true)), TypeError);
  EXPECT_THROW(array_api::call(function_named("add"), Array(1), Array(1.0)), TypeError);
  EXPECT_THROW(array_api::call(function_named("bitwise_left_shift"), Array(1), Scalar(-1)), ValueError);
  EXPECT_THROW(array_api::call(function_named("add"), Scalar(1), Scalar(1)), TypeError);
  EXPECT_THROW(array_api::call(function_named("add"), astype(Array(1), DType::int8), Scalar(300)), OverflowError);
  EXPECT_EQ(array_api::call(function_named("floor"), Array(3)).dtype(), DType::int64);
  EXPECT_EQ(array_api::call(function_named("add"), Array(1.0f), Scalar(1.5)).dtype(), DType::float32);
}

TEST(ArrayApiUpdate, WritesIntoMemoryThatNobodyShares) {
  Array x = zeros({100}, DType::float64);
  const std::byte* memory = x.data();
  array_api::update(function_named("add"), x, Scalar(1.0));
  EXPECT_EQ(x.data(), memory);
  const Array before = x;
  array_api::update(function_named("add"), x, Scalar(1.0));
  EXPECT_NE(x.data(), memory);
  EXPECT_EQ(before.to_vector<double>(), std::vector<double>(100, 1.0));
  EXPECT_EQ(x.to_vector<double>(), std::vector<double>(100, 2.0));
}

TEST(ArrayApiUpdate, WritesResultsOfOtherTypesAndShapesThere) {
  Array x = ones({2, 3}, DType::float64);
  const std::byte* memory = x.data();
  array_api::update(function_named("add"), x, ones({3}, DType::float32));
  array_api::update(function_named("multiply"), x, ones({2, 1}, DType::float64));
  EXPECT_EQ(x.data(), memory);
  EXPECT_EQ(x.to_vector<double>(), std::vector<double>(6, 2.0));
}

TEST(ArrayApiUpdate, LeavesTheArrayAsItWas) {
  Array x = ones({3, 1}, DType::float32);
  EXPECT_THROW(array_api::update(function_named("add"), x, ones({3, 1}, DType::float64)), TypeError);
  EXPECT_THROW(array_api::update(function_named("add"), x, ones({3, 2}, DType::float32)), ValueError);
  EXPECT_THROW(array_api::update(function_named("add"), x, ones({2, 1}, DType::float32)), ValueError);
  EXPECT_EQ(x.shape(), (Shape{3, 1}));
  EXPECT_EQ(x.to_vector<float>(), std::vector<float>(3, 1.0f));
}

using Items = std::vector<IndexItem>;

void expect_refused(const Array& x, const Items& items, Access access = Access::get) {
  EXPECT_THROW(array_api::check_index(x, items, access), IndexError);
}

TEST(ArrayApiIndex, LeavesNothingToTheLibrary) {
  const Array x = zeros({3, 4}, DType::float64), mask = ones({3, 4}, DType::bool_), i = iota(2, DType::int64);
  expect_refused(x, {0});
  expect_refused(x, {mask, IndexItem::ellipsis()});
  expect_refused(x, {i, IndexItem::slice()});
  expect_refused(x, {i, IndexItem::ellipsis()});
  expect_refused(x, {IndexItem::newaxis(), i, i});
  expect_refused(x, {i, i}, Access::set);
  expect_refused(x, {IndexItem::newaxis(), 0, 0}, Access::set);
  array_api::check_index(x, Items{i, i}, Access::get);
  array_api::check_index(x, Items{mask}, Access::set);
  array_api::check_index(x, Items{0, IndexItem::ellipsis()}, Access::get);
}

TEST(ArrayApiIndex, BoundsOfSlices) {
  const Array x = zeros({3}, DType::float64);
  const auto slice = [](std::int64_t start, std::int64_t stop, std::int64_t step) {
    return Items{IndexItem::slice(IndexBound{start}, IndexBound{stop}, step)};
  };
  array_api::check_index(x, slice(-3, 3, 1), Access::get);
  array_api::check_index(x, slice(3, 3, 1), Access::get);
  array_api::check_index(x, slice(2, -4, -1), Access::get);
  expect_refused(x, slice(4, 3, 1));
  expect_refused(x, slice(-4, 3, 1));
  expect_refused(x, slice(0, 4, 1));
  expect_refused(x, slice(0, -4, 1));
  expect_refused(x, slice(2, -5, -1));
  expect_refused(x, slice(2, 3, -1));
}

TEST(ArrayApiIndex, AssignmentWritesInPlace) {
  Array x = zeros({10}, DType::float64);
  const std::byte* memory = x.data();
  array_api::setitem(x, Items{3}, Scalar(5.0));
  array_api::setitem(x, Items{IndexItem::slice(IndexBound{5}, IndexBound{7})}, ones({2}, DType::float64));
  EXPECT_EQ(x.data(), memory);
  EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{0, 0, 0, 5, 0, 1, 1, 0, 0, 0}));
  const Array view = tnp::getitem(x, Items{IndexItem::slice(IndexBound{0}, IndexBound{4})});
  array_api::setitem(x, Items{0}, Scalar(9.0));
  EXPECT_EQ(view.to_vector<double>(), (std::vector<double>{0, 0, 0, 5}));
  EXPECT_THROW(array_api::setitem(x, Items{0}, Scalar(true)), TypeError);
  EXPECT_THROW(array_api::setitem(x, Items{0}, ones({2}, DType::float64)), ValueError);
  EXPECT_EQ(x.to_vector<double>()[0], 9.0);
}

TEST(ArrayApiIndex, AnyLayoutOfDistinctElementsIsWrittenInPlace) {
  Array x = array_api::transpose(copy(reshape(Array({0.0, 1.0, 2.0, 3.0}), {2, 2})));
  const std::byte* memory = x.data();
  array_api::setitem(x, Items{0, 1}, Scalar(5.0));
  array_api::setitem(x, Items{IndexItem::ellipsis(), 0}, ones({2}, DType::float64));
  array_api::setitem(x, Items{reshape(astype(Array({0.0, 1.0, 0.0, 0.0}), DType::bool_), {2, 2})}, Scalar(7.0));
  EXPECT_EQ(x.data(), memory);
  EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{1, 7, 1, 3}));
  Array shared = broadcast_to(ones({1}, DType::float64), {3});
  array_api::setitem(shared, Items{1}, Scalar(5.0));
  EXPECT_EQ(shared.to_vector<double>(), (std::vector<double>{1, 5, 1}));
}

TEST(ArrayApiIndex, MasksAreAssignedInPlace) {
  Array x = zeros({3, 2}, DType::float64);
  array_api::setitem(x, Items{IndexItem::ellipsis()}, Scalar(0.0));
  const std::byte* memory = x.data();
  const Array rows = astype(Array({1.0, 0.0, 1.0}), DType::bool_);
  array_api::setitem(x, Items{rows}, Scalar(2.0));
  EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{2, 2, 0, 0, 2, 2}));
  array_api::setitem(x, Items{rows}, reshape(Array({1.0, 2.0, 3.0, 4.0}), {2, 2}));
  EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{1, 2, 0, 0, 3, 4}));
  EXPECT_EQ(x.data(), memory);
}

TEST(ArrayApiFlags, VersionsAndExtensions) {
  using namespace array_api;
  const Flags before = flags();
  EXPECT_EQ(before.version, k2025);
  EXPECT_EQ(version_text(k2023), "2023.12");
  EXPECT_EQ(version_named("2024.12"), k2024);
  EXPECT_THROW(version_named("2024"), ValueError);
  FlagChanges changes;
  changes.version = k2021;
  set_flags(changes);
  EXPECT_THROW(require_extension("fft", Extension::fft), RuntimeError);
  EXPECT_NO_THROW(require_extension("det", Extension::linalg));
  EXPECT_THROW(require_version("clip", k2023), RuntimeError);
  EXPECT_EQ(sum_dtype(DType::float32, Device::cpu), DType::float64);
  changes.extensions = std::vector<std::string>{"fft"};
  EXPECT_THROW(set_flags(changes), ValueError);
  set_flags(before);
  EXPECT_EQ(sum_dtype(DType::float32, Device::cpu), DType::float32);
  EXPECT_EQ(sum_dtype(DType::int8, Device::no_x64), DType::int32);
}

TEST(ArrayApiDevices, TypesAndTransfers) {
  using namespace array_api;
  EXPECT_FALSE(supports(Device::no_float64, DType::complex128));
  EXPECT_FALSE(supports(Device::no_x64, DType::int64));
  EXPECT_THROW(check_supported("zeros", Device::no_x64, DType::uint64), ValueError);
  EXPECT_THROW(check_same_device("add", Device::cpu, Device::device1), ValueError);
  EXPECT_THROW(device_named("gpu"), ValueError);
  const Array x = ones({2}, DType::float64);
  TransferScope scope(false), none(true);
  scope.enter();
  note_transfer("to_device", x, Device::cpu, Device::device1);
  note_transfer("to_device", x, Device::cpu, Device::cpu);
  none.enter();
  EXPECT_THROW(note_transfer("to_device", x, Device::cpu, Device::device1), RuntimeError);
  none.leave();
  scope.leave();
  note_transfer("to_device", x, Device::cpu, Device::device2);
  ASSERT_EQ(scope.transfers().size(), 1u);
  EXPECT_EQ(scope.transfers()[0].target, Device::device1);
}

TEST(ArrayApiFunctions, SpecialCases) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto id = array_api::function_named("floor_divide");
  const Array q = array_api::call(id, Array(inf), Scalar(2.0));
  EXPECT_EQ(q.item<double>(), inf);
  EXPECT_EQ(array_api::call(id, Array(-3.0), Scalar(inf)).item<double>(), 0.0);
  EXPECT_THROW(array_api::linalg::cross(ones({2}, DType::float64), ones({2}, DType::float64), -1), ValueError);
  EXPECT_THROW(array_api::fft::rfft(ones({2}, DType::complex64), {}, -1, "backward"), TypeError);
}

}  // namespace
}  // namespace tnp
