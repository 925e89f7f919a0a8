#include "runtime/file_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

namespace tnp {
namespace {

namespace fs = std::filesystem;

class FileCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "files_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path folder() const { return root_ / "some" / "where"; }
  fs::path file(std::string_view key) const { return folder() / FileCache::name_of(key); }

  static std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  static std::string bytes(std::size_t n, unsigned seed) {
    std::mt19937 random(seed);
    std::string s(n, '\0');
    for (char& c : s) c = static_cast<char>(random());
    return s;
  }

  fs::path root_;
};

TEST_F(FileCacheTest, AnotherOneFindsWhatWasStored) {
  FileCache first(folder(), 1 << 20), second(folder(), 1 << 20);
  const std::string a = bytes(5000, 1), long_key = bytes(3000, 2);
  EXPECT_EQ(first.load("a"), std::nullopt);
  EXPECT_FALSE(fs::exists(root_ / "some"));  // made when something is stored
  first.store("a", a);
  first.store(long_key, "");
  EXPECT_EQ(second.load("a"), a);
  EXPECT_EQ(second.load(long_key), "");
  EXPECT_EQ(second.load("b"), std::nullopt);
  first.store("a", "other");
  EXPECT_EQ(second.load("a"), "other");
  EXPECT_EQ(second.counts().hits, 3u);
  EXPECT_EQ(second.counts().misses, 1u);
  EXPECT_EQ(first.usage().files, 2u);
  struct stat s;
  ASSERT_EQ(::stat(folder().c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat(file("a").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0600u);
  second.clear();
  EXPECT_EQ(first.load("a"), std::nullopt);
  EXPECT_EQ(first.usage().files, 0u);
}

TEST_F(FileCacheTest, EveryWrongByteIsSeen) {
  FileCache cache(folder(), 1 << 20);
  const std::string value = bytes(150, 3);
  cache.store("key", value);
  const std::string good = read(file("key"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {1, 0x80, 0xff}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      write(file("key"), bad);
      ASSERT_EQ(cache.load("key"), std::nullopt) << "byte " << i;
      ASSERT_FALSE(fs::exists(file("key")));
    }
  }
  for (std::size_t n = 0; n < good.size(); ++n) {
    write(file("key"), good.substr(0, n));
    ASSERT_EQ(cache.load("key"), std::nullopt) << n << " bytes";
  }
  write(file("key"), good + "x");
  EXPECT_EQ(cache.load("key"), std::nullopt);
  write(file("key"), good);
  EXPECT_EQ(cache.load("key"), value);
}

TEST_F(FileCacheTest, ForeignFiles) {
  FileCache cache(folder(), 1 << 20);
  cache.store("key", "value");
  const std::string good = read(file("key"));
  // Another key's file under this name: as if two keys had one name.
  write(file("other"), good);
  EXPECT_EQ(cache.load("other"), std::nullopt);
  // Huge, without a byte on the disk; lengths that say anything.
  fs::resize_file(file("key"), std::uint64_t{1} << 40);
  EXPECT_EQ(cache.load("key"), std::nullopt);
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1} << 62, UINT64_MAX, UINT64_MAX - 40}) {
    std::string bad = good;
    std::memcpy(bad.data() + 16, &length, 8);
    write(file("key"), bad);
    EXPECT_EQ(cache.load("key"), std::nullopt);
    std::memcpy(bad.data() + 12, &length, 4);
    write(file("key"), bad);
    EXPECT_EQ(cache.load("key"), std::nullopt);
  }
  fs::create_directory(file("key"));
  EXPECT_EQ(cache.load("key"), std::nullopt);
  cache.store("key", "value");  // cannot be: no error
  fs::remove(file("key"));
  ASSERT_EQ(::mkfifo(file("key").c_str(), 0600), 0);  // must not be waited for
  EXPECT_EQ(cache.load("key"), std::nullopt);
  write(root_ / "target", good);
  fs::create_symlink(root_ / "target", file("key"));
  EXPECT_EQ(cache.load("key"), std::nullopt);
  EXPECT_EQ(read(root_ / "target"), good);
  cache.store("key", "again");
  EXPECT_EQ(cache.load("key"), "again");
  EXPECT_EQ(read(root_ / "target"), good);
}

TEST_F(FileCacheTest, WhatOthersMayWriteIsNotTrusted) {
  FileCache cache(folder(), 1 << 20);
  cache.store("key", "value");
  fs::permissions(file("key"), fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(cache.load("key"), std::nullopt);
  cache.store("key", "value");
  EXPECT_EQ(cache.load("key"), "value");
  fs::permissions(folder(), fs::perms::group_write, fs::perm_options::add);
  EXPECT_EQ(cache.load("key"), std::nullopt);
  cache.store("other", "value");
  EXPECT_FALSE(fs::exists(file("other")));
  if (::geteuid() != 0) return;
  fs::permissions(folder(), fs::perms::owner_all);
  ASSERT_EQ(::chown(folder().c_str(), 12345, 12345), 0);
  EXPECT_EQ(cache.load("key"), std::nullopt);
}

TEST_F(FileCacheTest, PlacesThatCannotBe) {
  write(root_ / "file", "");
  for (const fs::path& path : {root_ / "file", root_ / "file" / "below", fs::path("/proc/nothing/here"), fs::path()}) {
    FileCache cache(path, 1 << 20);
    cache.store("key", "value");
    EXPECT_EQ(cache.load("key"), std::nullopt);
    EXPECT_EQ(cache.usage().files, 0u);
    cache.clear();
    cache.reject("key");
  }
  FileCache cache(folder(), 1 << 20);
  cache.store("key", "value");
  fs::permissions(folder(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(cache.load("key"), "value");
  cache.store("other", "value");  // refused, unless to root
  fs::permissions(folder(), fs::perms::owner_all);
  fs::remove_all(folder());  // while it is in use
  EXPECT_EQ(cache.load("key"), std::nullopt);
  cache.store("key", "value");
  EXPECT_EQ(cache.load("key"), "value");
}

TEST_F(FileCacheTest, TheLeastRecentlyUsedGoesFirst) {
  FileCache cache(folder(), 100000);
  for (int i = 0; i < 8; ++i) {
    cache.store(std::to_string(i), bytes(10000, 4));
    const auto when = fs::file_time_type::clock::now() - std::chrono::seconds(100 - i);
    fs::last_write_time(file(std::to_string(i)), when);
  }
  EXPECT_TRUE(cache.load("0"));  // used now
  write(folder() / "notes.txt", "mine");
  write(folder() / "new-abandoned", bytes(1000, 5));
  fs::last_write_time(folder() / "new-abandoned", fs::file_time_type::clock::now() - std::chrono::hours(1));
  cache.store("8", bytes(10000, 4));
  EXPECT_LE(cache.usage().bytes, 75000u + 400);
  EXPECT_TRUE(cache.load("0"));
  EXPECT_TRUE(cache.load("8"));
  EXPECT_FALSE(cache.load("1"));
  EXPECT_TRUE(cache.load("7"));
  EXPECT_FALSE(fs::exists(folder() / "new-abandoned"));
  EXPECT_EQ(read(folder() / "notes.txt"), "mine");
  cache.store("large", bytes(50000, 6));  // would leave nothing else
  EXPECT_FALSE(cache.load("large"));
}

TEST_F(FileCacheTest, TheBoundIsHeld) {
  FileCache cache(folder(), 50000);
  for (unsigned i = 0; i < 500; ++i) {
    cache.store(std::to_string(i), bytes(i * 7 % 900, i));
    ASSERT_LE(cache.usage().bytes, 50000u);
  }
  EXPECT_GT(cache.usage().bytes, 25000u);
  FileCache smaller(folder(), 8000);
  smaller.store("x", "y");
  EXPECT_LE(smaller.usage().bytes, 8000u);
}

TEST_F(FileCacheTest, ManyProcessesAndThreads) {
  const auto value = [](int k) { return bytes(static_cast<std::size_t>(500 + 37 * k), static_cast<unsigned>(k)); };
  std::vector<pid_t> children;
  for (unsigned p = 0; p < 8; ++p) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      FileCache cache(folder(), 30000);
      std::atomic<int> wrong{0};
      const auto work = [&](unsigned seed) {
        std::mt19937 random(seed);
        for (int i = 0; i < 300; ++i) {
          const int k = static_cast<int>(random() % 60);
          const std::string key = "key " + std::to_string(k);
          const std::optional<std::string> got = cache.load(key);
          if (got && *got != value(k)) ++wrong;
          if (!got) cache.store(key, value(k));
          if (i % 100 == 99) cache.clear();
        }
      };
      std::thread other(work, 100 + p);
      work(p);
      other.join();
      ::_exit(wrong > 0 || cache.counts().rejected > 0 ? 1 : 0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  FileCache cache(folder(), 30000);
  EXPECT_LE(cache.usage().bytes, 30000u);
}

}  // namespace
}  // namespace tnp
