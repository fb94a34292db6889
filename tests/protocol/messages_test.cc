#include "protocol/messages.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "protocol/wire.h"

namespace lodestone::protocol {
namespace {

// The bytes that messages.test.mjs checks too: a message's name and its hex, in the order of AllGolden.
std::vector<std::pair<std::string, std::string>> ReadGolden() {
  std::ifstream file(LODESTONE_SOURCE_DIR "/tests/protocol/golden.txt");
  std::vector<std::pair<std::string, std::string>> golden;
  for (std::string line; std::getline(file, line);) {
    const size_t space = line.find(' ');
    std::string bytes;
    for (size_t i = space + 1; i + 1 < line.size(); i += 2) {
      bytes.push_back(static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16)));
    }
    golden.emplace_back(line.substr(0, space), bytes);
  }
  return golden;
}

// One message of any type: how it is checked against bytes.
struct Golden {
  std::string name;
  std::string encoded;
  // Decodes and encodes again; nullopt when it was refused.
  std::optional<std::string> (*recode)(std::string_view bytes);
};

template <typename T>
Golden Make(const T& message) {
  return {std::string(MessageTypeName(kTypeOf<T>)), Encode(message),
          [](std::string_view bytes) -> std::optional<std::string> {
            Result<T> decoded = Decode<T>(bytes);
            if (!decoded.ok()) return std::nullopt;
            return Encode(decoded.value());
          }};
}

SearchReply SampleReply() {
  PassageHit passage;
  passage.start = 3;
  passage.end = 70000;
  passage.text = "a q";
  passage.heading_path = "A > B";
  passage.score = 2;
  passage.lexical_score = 0.25f;
  passage.similarity = 1.5f;
  passage.has_similarity = true;
  passage.matches = {{.start = 2, .end = 3}};
  passage.best_sentence = {.start = 0, .end = 3};
  DocumentHit document;
  document.rank = 1;
  document.path = "a.md";
  document.title = "A";
  document.score = -0.5f;
  document.matched_words = {"q", "ü"};
  document.passages = {passage};
  SearchReply reply;
  reply.text = "q";
  reply.ms = 1.25;
  reply.parts = {.words_ms = 0.5, .embedding_ms = 0.25, .vectors_ms = 2, .texts_ms = 0};
  reply.complete = true;
  reply.results = {document};
  return reply;
}

std::vector<Golden> AllGolden() {
  GetDocumentReply document;
  document.path = "a.md";
  document.title = "A";
  document.text = "# A\n\ntext";
  document.headings = {{.offset = 0, .level = 1, .text = "A"}};
  return {
      Make(Hello{.schema_hash = "0123456789abcdef", .build_id = "b1"}),
      Make(AddFiles{
          .files = {{.file_id = 7, .path = "notes/Übung 😀.md", .size_bytes = (uint64_t{1} << 40) + 1, .modified_ms = -2},
                    {.file_id = 0xffffffff, .path = "", .size_bytes = 0, .modified_ms = 1'700'000'000'000}},
          .scan = 3,
          .continues = true}),
      Make(Search{.text = "\xEF\xBB\xBFwas heißt \"rust\"?", .mode = SearchMode::kLexical, .top = 10, .group = "page"}),
      Make(Remove{.paths = {"a.md", "b/c.txt"}}),
      Make(Ack{}),
      Make(document),
      Make(SampleReply()),
      Make(ErrorReply{.code = "kTooLarge", .message = "Too large.", .detail = ""}),
      Make(AddProgress{.total = 2, .files = {{.done = 1, .path = "a.md", .outcome = AddOutcome::kUnchanged}}}),
  };
}

TEST(Messages, GoldenBytesAreWrittenAndRead) {
  const auto golden = ReadGolden();
  const auto messages = AllGolden();
  ASSERT_EQ(golden.size(), messages.size());
  for (size_t i = 0; i < golden.size(); ++i) {
    EXPECT_EQ(messages[i].name, golden[i].first);
    EXPECT_EQ(messages[i].encoded, golden[i].second) << messages[i].name;
    EXPECT_EQ(messages[i].recode(golden[i].second), golden[i].second) << messages[i].name;
  }
  Result<SearchReply> reply = Decode<SearchReply>(Encode(SampleReply()));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.value(), SampleReply());
}

TEST(Messages, CutAnywhereOrWithAByteMoreIsRefused) {
  for (const Golden& message : AllGolden()) {
    for (size_t size = 0; size < message.encoded.size(); ++size) {
      // A copy of its own, so that a read past its end is seen by the address sanitizer.
      const std::vector<char> cut(message.encoded.begin(), message.encoded.begin() + size);
      EXPECT_FALSE(message.recode({cut.data(), cut.size()})) << message.name << " cut at " << size;
    }
    EXPECT_FALSE(message.recode(message.encoded + '\0')) << message.name;
  }
}

TEST(Messages, AnyBytesAreRefusedOrAMessageThatIsWrittenTheSameWay) {
  std::mt19937 random(1);
  const auto messages = AllGolden();
  size_t read = 0;
  for (int round = 0; round < 50000; ++round) {
    const Golden& message = messages[random() % messages.size()];
    std::string bytes = message.encoded;
    for (int edits = 1 + random() % 3; edits > 0 && !bytes.empty(); --edits) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (round % 16 == 0) bytes.resize(random() % (bytes.size() + 8));
    const auto recoded = message.recode(bytes);
    if (!recoded) continue;
    ++read;
    EXPECT_EQ(*recoded, bytes) << message.name;
  }
  EXPECT_GT(read, 5000u);
  EXPECT_LT(read, 45000u);
}

TEST(Messages, ErrorsSayWhatAndWhere) {
  const std::string bytes = Encode(Hello{.schema_hash = "abc", .build_id = "b"});
  const Status status = Decode<Hello>(bytes.substr(0, 8)).status();
  EXPECT_EQ(status.code(), StatusCode::kBadData);
  EXPECT_EQ(status.detail(), "Hello: the message ends early, at byte 7 of 8");
  EXPECT_FALSE(status.message().empty());
}

TEST(Messages, NamesAgree) {
  for (const Golden& message : AllGolden()) {
    const auto type = MessageTypeFromName(message.name);
    ASSERT_TRUE(type);
    EXPECT_EQ(MessageTypeName(*type), message.name);
  }
  EXPECT_FALSE(MessageTypeFromName("Nothing"));
  EXPECT_EQ(kSchemaHash.size(), 16u);
  EXPECT_EQ(EnumName(AddOutcome::kUnchanged), "unchanged");
  static_assert(std::is_same_v<ResponseOf<Search>, SearchReply>);
}

// Every kind of value, with small maxima.
std::string WriteAll() {
  Writer writer;
  writer.U8(255);
  writer.U32(std::numeric_limits<uint32_t>::max());
  writer.U64(std::numeric_limits<uint64_t>::max());
  writer.I64(std::numeric_limits<int64_t>::min());
  writer.F32(0.5f);
  writer.F64(-0.0);
  writer.Bool(true);
  writer.String("😀", 4);
  writer.Bytes(std::string_view("\xff\0\x01", 3), 3);
  writer.List(std::vector<uint32_t>{1, 2}, 2, [&](uint32_t item) { writer.U32(item); });
  return writer.Take();
}

TEST(Wire, EveryKindGoesThroughAtItsExtremes) {
  const std::string bytes = WriteAll();
  Reader reader(bytes);
  uint8_t u8;
  uint32_t u32;
  uint64_t u64;
  int64_t i64;
  float f32;
  double f64;
  bool flag;
  std::string text, blob;
  std::vector<uint32_t> list;
  reader.U8(&u8);
  reader.U32(&u32);
  reader.U64(&u64);
  reader.I64(&i64);
  reader.F32(&f32);
  reader.F64(&f64);
  reader.Bool(&flag);
  reader.String(4, &text);
  reader.Bytes(3, &blob);
  reader.List(2, 4, &list, [&](uint32_t* item) { reader.U32(item); });
  const Status status = reader.Finish("All");
  ASSERT_TRUE(status.ok()) << status.detail();
  EXPECT_EQ(u8, 255);
  EXPECT_EQ(u32, std::numeric_limits<uint32_t>::max());
  EXPECT_EQ(u64, std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(i64, std::numeric_limits<int64_t>::min());
  EXPECT_EQ(f32, 0.5f);
  EXPECT_TRUE(f64 == 0 && std::signbit(f64));
  EXPECT_TRUE(flag);
  EXPECT_EQ(text, "😀");
  EXPECT_EQ(blob, std::string_view("\xff\0\x01", 3));
  EXPECT_EQ(list, (std::vector<uint32_t>{1, 2}));
}

TEST(Wire, WriterKeepsToTheMaxima) {
  Writer writer;
  writer.String("aé😀", 5);  // the fifth byte is inside of the last character
  writer.List(std::vector<uint32_t>{1, 2, 3}, 2, [&](uint32_t item) { writer.U32(item); });
  const std::string bytes = writer.Take();
  Reader reader(bytes);
  std::string text;
  std::vector<uint32_t> list;
  reader.String(5, &text);
  reader.List(2, 4, &list, [&](uint32_t* item) { reader.U32(item); });
  ASSERT_TRUE(reader.Finish("All").ok());
  EXPECT_EQ(text, "aé");
  EXPECT_EQ(list, (std::vector<uint32_t>{1, 2}));
}

Status ReadString(std::string_view bytes, uint32_t max_bytes) {
  Reader reader(bytes);
  std::string text;
  reader.String(max_bytes, &text);
  return reader.Finish("String");
}

TEST(Wire, ReaderKeepsToTheMaxima) {
  EXPECT_TRUE(ReadString(std::string_view("\2\0\0\0ab", 6), 2).ok());
  EXPECT_EQ(ReadString(std::string_view("\2\0\0\0ab", 6), 1).detail(),
            "String: a string or list is over its maximum, at byte 0 of 6");
  EXPECT_EQ(ReadString(std::string_view("\xff\xff\xff\xff", 4), 0xffffffff).detail(),
            "String: the message ends early, at byte 0 of 4");
}

TEST(Wire, StringsAreUtf8) {
  const auto with_size = [](std::string_view text) {
    Writer writer;
    writer.Bytes(text, 100);
    return writer.Take();
  };
  for (const char* good : {"", "a", "é", "€", "😀", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF", "12345678é"}) {
    EXPECT_TRUE(ReadString(with_size(good), 100).ok()) << good;
  }
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "a\xC3", "\xE2\x82", "12345678\xff"}) {
    EXPECT_FALSE(ReadString(with_size(bad), 100).ok());
  }
}

TEST(Wire, HugeCountsTakeNoMemory) {
  Reader reader(std::string_view("\xff\xff\xff\x0f", 4));
  std::vector<uint64_t> list;
  reader.List(0xffffffff, 8, &list, [&](uint64_t* item) { reader.U64(item); });
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(list.capacity(), 0u);
}

}  // namespace
}  // namespace lodestone::protocol
