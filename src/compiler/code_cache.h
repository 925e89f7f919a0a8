// Compiled code in files (runtime/file_cache.h), for later processes.
//
// A key holds everything that the code depends on: what is compiled, in full; the target; and the build of this
// library, which stands for the code generator, LLVM and the bitcode. Code has no addresses of this process in it: what
// it calls it is given as arguments, or finds by name (codegen/llvm/jit.cpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/nest/nest.h"
#include "tnp/kernel_cache.h"

namespace tnp::compiler {

class CodeKey {
 public:
  CodeKey(std::string_view kind, std::string_view target);

  void add(const FusedGroup& group);
  void add(const OperandMask& mask);
  void add(const Nest& nest);

  const std::string& bytes() const { return bytes_; }

 private:
  void number(std::int64_t n);
  void text(std::string_view s);
  void numbers(const std::vector<int>& list);
  void add(const FusedOp& op);
  void add(const std::vector<NestStatement>& block);
  void add(const NestStatement& statement);

  std::string bytes_;
};

// Whether there is a place for code. All below does nothing where there is none.
bool keeps_code();

std::optional<std::string> load_code(const CodeKey& key);
void store_code(const CodeKey& key, std::string_view code);
void reject_code(const CodeKey& key);  // it was of no use
void clear_files();
void describe_files(KernelCacheInfo& info);

}  // namespace tnp::compiler
