#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace lodestone::protocol {

// Appends values in the wire form: little-endian numbers, u32 byte or item counts before strings
// and lists, one byte for bool and enum.
// It never writes what a Reader of the same schema refuses: a string over its maximum is cut
// before the character that would not fit, a list after its last allowed item.
// REQUIRES: strings are UTF-8.
class Writer {
 public:
  void U8(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void U32(uint32_t value) { Number(value); }
  void U64(uint64_t value) { Number(value); }
  void I64(int64_t value) { Number(value); }
  void F32(float value) { Number(value); }
  void F64(double value) { Number(value); }
  void Bool(bool value) { U8(value ? 1 : 0); }
  void String(std::string_view value, uint32_t max_bytes);
  // REQUIRES: value.size() <= max_bytes, as half a blob is worth nothing.
  void Bytes(std::string_view value, uint32_t max_bytes);
  template <typename Enum>
  void EnumValue(Enum value) {
    U8(static_cast<uint8_t>(value));
  }
  template <typename T, typename WriteItem>
  void List(const std::vector<T>& items, uint32_t max_items, WriteItem write_item) {
    const size_t count = items.size() < max_items ? items.size() : max_items;
    U32(static_cast<uint32_t>(count));
    for (size_t i = 0; i < count; ++i) write_item(items[i]);
  }

  std::string Take() { return std::move(bytes_); }

 private:
  template <typename T>
  void Number(T value);

  std::string bytes_;
};

// Reads what Writer wrote from bytes that may be anything. The first failure sticks: later reads
// give zeros and empty values, so that callers check once, at Finish. Memory taken is bounded by
// a small multiple of the bytes given.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  void U8(uint8_t* value) { Number(value); }
  void U32(uint32_t* value) { Number(value); }
  void U64(uint64_t* value) { Number(value); }
  void I64(int64_t* value) { Number(value); }
  void F32(float* value) { Number(value); }
  void F64(double* value) { Number(value); }
  void Bool(bool* value);
  void String(uint32_t max_bytes, std::string* value);
  void Bytes(uint32_t max_bytes, std::string* value);
  template <typename Enum>
  void EnumValue(uint8_t value_count, Enum* value) {
    *value = static_cast<Enum>(Limited(value_count));
  }
  // `min_item_bytes` is the size of the shortest legal item: a count that the remaining bytes
  // cannot hold is refused before anything is allocated.
  template <typename T, typename ReadItem>
  void List(uint32_t max_items, uint32_t min_item_bytes, std::vector<T>* items, ReadItem read_item) {
    const uint32_t count = Count(max_items, min_item_bytes);
    items->clear();
    items->reserve(count);
    for (uint32_t i = 0; i < count && ok(); ++i) read_item(&items->emplace_back());
  }

  bool ok() const { return problem_ == nullptr; }
  // Errors: kBadData with `type_name`, the problem and its byte offset; bytes left over are one.
  Status Finish(std::string_view type_name);

 private:
  template <typename T>
  void Number(T* value);
  uint8_t Limited(uint8_t value_count);
  uint32_t Count(uint32_t max, uint32_t min_item_bytes);
  void Fail(const char* problem);

  std::string_view bytes_;
  size_t offset_ = 0;
  const char* problem_ = nullptr;
  size_t problem_offset_ = 0;
};

}  // namespace lodestone::protocol
