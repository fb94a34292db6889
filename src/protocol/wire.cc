#include "protocol/wire.h"

#include <bit>
#include <cstring>

#include "base/check.h"

namespace lodestone::protocol {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the wire form is little-endian, and numbers are copied as they lie in memory");

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

// The length of the valid UTF-8 sequence that `text` begins with, 0 for none: overlong forms,
// surrogates and values over U+10FFFF are refused, as JavaScript's strict decoder does.
size_t SequenceLength(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return 1;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const auto second = static_cast<uint8_t>(text[1]);
  if (lead == 0xE0 && second < 0xA0) return 0;
  if (lead == 0xED && second > 0x9F) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;
  if (lead == 0xF4 && second > 0x8F) return 0;
  return length;
}

bool IsUtf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    // Most text is ASCII: eight bytes at a time.
    uint64_t eight;
    if (text.size() - i >= sizeof eight) {
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080808080808080u) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    const size_t length = SequenceLength(text.substr(i));
    if (length == 0) return false;
    i += length;
  }
  return true;
}

}  // namespace

template <typename T>
void Writer::Number(T value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes_.append(raw, sizeof value);
}

template void Writer::Number(uint32_t);
template void Writer::Number(uint64_t);
template void Writer::Number(int64_t);
template void Writer::Number(float);
template void Writer::Number(double);

void Writer::String(std::string_view value, uint32_t max_bytes) {
  if (value.size() > max_bytes) {
    size_t end = max_bytes;
    while (end > 0 && IsContinuation(value[end])) --end;
    value = value.substr(0, end);
  }
  Bytes(value, max_bytes);
}

void Writer::Bytes(std::string_view value, uint32_t max_bytes) {
  LODESTONE_CHECK(value.size() <= max_bytes);
  U32(static_cast<uint32_t>(value.size()));
  bytes_.append(value);
}

template <typename T>
void Reader::Number(T* value) {
  *value = 0;
  if (!ok()) return;
  if (bytes_.size() - offset_ < sizeof *value) return Fail("the message ends early");
  std::memcpy(value, bytes_.data() + offset_, sizeof *value);
  offset_ += sizeof *value;
}

template void Reader::Number(uint8_t*);
template void Reader::Number(uint32_t*);
template void Reader::Number(uint64_t*);
template void Reader::Number(int64_t*);
template void Reader::Number(float*);
template void Reader::Number(double*);

void Reader::Bool(bool* value) { *value = Limited(2) != 0; }

void Reader::String(uint32_t max_bytes, std::string* value) {
  const size_t start = offset_;
  Bytes(max_bytes, value);
  if (!IsUtf8(*value)) {
    value->clear();
    offset_ = start;
    Fail("a string is not UTF-8");
  }
}

void Reader::Bytes(uint32_t max_bytes, std::string* value) {
  const uint32_t size = Count(max_bytes, 1);
  value->assign(bytes_.substr(offset_, size));
  offset_ += size;
}

uint8_t Reader::Limited(uint8_t value_count) {
  uint8_t value = 0;
  U8(&value);
  if (value < value_count) return value;
  --offset_;
  Fail("a bool or enum has an unknown value");
  return 0;
}

uint32_t Reader::Count(uint32_t max, uint32_t min_item_bytes) {
  const size_t start = offset_;
  uint32_t count = 0;
  U32(&count);
  if (!ok()) return 0;
  const char* problem = nullptr;
  if (count > max) {
    problem = "a string or list is over its maximum";
  } else if (uint64_t{count} * min_item_bytes > bytes_.size() - offset_) {
    problem = "the message ends early";
  }
  if (problem == nullptr) return count;
  offset_ = start;
  Fail(problem);
  return 0;
}

void Reader::Fail(const char* problem) {
  if (!ok()) return;
  problem_ = problem;
  problem_offset_ = offset_;
}

Status Reader::Finish(std::string_view type_name) {
  if (ok() && offset_ != bytes_.size()) Fail("there are bytes after the end");
  if (ok()) return OkStatus();
  return Status(StatusCode::kBadData,
                "The page and the search engine did not understand each other. Reload the page.",
                std::string(type_name) + ": " + problem_ + ", at byte " +
                    std::to_string(problem_offset_) + " of " + std::to_string(bytes_.size()));
}

}  // namespace lodestone::protocol
