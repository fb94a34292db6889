#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/text/test_text.h"
#include "text/extract.h"
#include "text/text_builder.h"

namespace lodestone {
namespace {

using std::string_literals::operator""s;

// Every record as "path|title|text" or "line N: message", pieces of `piece_size` bytes at a time.
std::vector<std::string> Read(Format format, std::string_view bytes, size_t piece_size = SIZE_MAX) {
  std::vector<std::string> out;
  const auto reader = MakeRecordReader(format, "f");
  const RecordReader::Sink sink = [&](RecordResult record) {
    if (record.status.ok()) {
      out.push_back(record.document.path + "|" + record.document.title + "|" + record.document.text);
      EXPECT_EQ(record.document.format, format);
    } else {
      out.push_back("line " + std::to_string(record.line) + ": " + record.status.message());
    }
  };
  for (size_t at = 0; at < bytes.size(); at += std::min(piece_size, bytes.size() - at)) {
    reader->Feed(bytes.substr(at, piece_size), sink);
  }
  reader->Finish(sink);
  return out;
}

using Strings = std::vector<std::string>;

TEST(JsonLines, RecordsAndBrokenLines) {
  const std::string lines =
      "{\"_id\": \"a\", \"title\": \"T\", \"text\": \"Body <b>x</b>\\r\\ny\"}\n"
      "\n"
      "{broken\n"
      "{\"id\": 7, \"text\": \"no title here\"}\r\n"
      "[1]\n"
      "{\"name\": \"n\", \"list\": [1, 2]}\n"
      "{\"_id\": \"a\", \"text\": \"again\"}\n"
      "{\"_id\": \"e\", \"text\": \" \"}\n"
      "{\"_id\": \"t\", \"title\": \"only title\", \"text\": \"\"}\n"
      "{\"_id\": \"last\", \"text\": \"no line end\"}";
  const Strings expected = {"f#a|T|Body <b>x</b>\ny",
                            "line 3: This line is not valid JSON.",
                            "f#7|no title here|no title here",
                            "line 5: This line is not a JSON object.",
                            "f#6|name: n list: 1, 2|name: n\nlist: 1, 2",
                            "line 7: The id \"a\" is already that of an earlier record.",
                            "line 8: The record has no text.",
                            "f#t|only title|only title",
                            "f#last|no line end|no line end"};
  for (const size_t piece_size : {size_t{1}, size_t{7}, size_t{100}, SIZE_MAX}) {
    EXPECT_EQ(Read(Format::kJsonLines, lines, piece_size), expected) << piece_size;
  }
}

TEST(JsonLines, LongTextsGiveShortTitles) {
  const Strings records = Read(Format::kJsonLines, "{\"text\": \"" + Repeat("many words ", 40) + "\"}");
  ASSERT_EQ(records.size(), 1u);
  const std::string title = records[0].substr(4, records[0].find('|', 4) - 4);
  EXPECT_LE(title.size(), 84u);
  EXPECT_TRUE(title.ends_with("words…") || title.ends_with("many…")) << title;
}

TEST(JsonLines, EncodingsAndDates) {
  EXPECT_EQ(Read(Format::kJsonLines, "\xEF\xBB\xBF{\"_id\":\"x\",\"text\":\"\xC3\xA9\"}"), (Strings{"f#x|é|é"}));
  EXPECT_EQ(Read(Format::kJsonLines, "{\"_id\":\"x\",\"text\":\"caf\xE9\"}\n{\"_id\":\"y\",\"text\":\"é\"}"),
            (Strings{"f#x|café|café", "f#y|é|é"}));
  std::string utf16 = "\xFF\xFE";
  for (const char c : "{\"_id\":\"x\",\"text\":\"hi\"}\n"s) utf16 += {c, '\0'};
  for (const size_t piece_size : {size_t{1}, size_t{3}, SIZE_MAX}) {
    EXPECT_EQ(Read(Format::kJsonLines, utf16, piece_size), (Strings{"f#x|hi|hi"}));
  }
  const auto reader = MakeRecordReader(Format::kJsonLines, "f");
  int64_t date_ms = 0;
  const RecordReader::Sink sink = [&](RecordResult record) { date_ms = record.document.date_ms; };
  reader->Feed("{\"text\":\"x\",\"date\":\"1970-01-02\"}", sink);
  reader->Finish(sink);
  EXPECT_EQ(date_ms, 86400000);
}

TEST(JsonLines, BinaryAndEmptyFilesFailOnce) {
  const Strings binary = Read(Format::kJsonLines, Repeat("ab\0\n"s, 5000), 100);
  ASSERT_EQ(binary.size(), 1u);
  EXPECT_TRUE(binary[0].starts_with("line 1: This is not a text file")) << binary[0];
  EXPECT_EQ(Read(Format::kJsonLines, ""), (Strings{"line 1: The file is empty."}));
  EXPECT_EQ(Read(Format::kCsv, ""), (Strings{"line 1: The file is empty."}));
}

TEST(JsonLines, ALineOver64MbIsRefusedAndTheRestTaken) {
  const auto reader = MakeRecordReader(Format::kJsonLines, "f");
  Strings out;
  const RecordReader::Sink sink = [&](RecordResult record) {
    out.push_back(record.status.ok() ? record.document.path : std::to_string(record.line) + record.status.message());
  };
  reader->Feed("{\"_id\":\"a\",\"text\":\"x\"}\n{\"text\":\"", sink);
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 66; ++i) reader->Feed(block, sink);
  reader->Feed("\"}\n{\"_id\":\"b\",\"text\":\"x\"}\n", sink);
  reader->Finish(sink);
  EXPECT_EQ(out, (Strings{"f#a", "2The record is over 64 MB.", "f#b"}));
}

TEST(Csv, HeaderQuotesAndLineEndsInFields) {
  const std::string csv =
      "_id,Title,text,date\r\n"
      "1,One,\"a, \"\"quoted\"\"\nline\",1970-01-02\r\n"
      "\r\n"
      "2,,plain \"bare\" text,\r\n"
      "3,x,y,z,too,many\n"
      "4,short\n"
      "1,dup,t\n"
      "5,Five,\"end\"";
  const Strings expected = {"f#1|One|a, \"quoted\"\nline",
                            "f#2|plain \"bare\" text|plain \"bare\" text",
                            "line 6: The record has 6 fields, but there are 4 columns.",
                            "f#4|short|short",
                            "line 8: The id \"1\" is already that of an earlier record.",
                            "f#5|Five|end"};
  for (const size_t piece_size : {size_t{1}, size_t{5}, SIZE_MAX}) {
    EXPECT_EQ(Read(Format::kCsv, csv, piece_size), expected) << piece_size;
  }
}

TEST(Csv, ColumnsWithoutTextBecomeLines) {
  EXPECT_EQ(Read(Format::kCsv, "id;name;city\n7;Ann;<b>Rome</b>\n"), (Strings{"f#7|name: Ann city: Rome|name: Ann\ncity: Rome"}));
  EXPECT_EQ(Read(Format::kCsv, "name\tcity\nAnn\tRome\n"), (Strings{"f#2|name: Ann city: Rome|name: Ann\ncity: Rome"}));
}

TEST(Csv, FilesWithoutAHeader) {
  EXPECT_EQ(Read(Format::kCsv, "A plane takes off.,A plane is rising.,4.5\nx,y,1\n"),
            (Strings{"f#1|A plane takes off. A plane is rising. 4.5|A plane takes off.\nA plane is rising.\n4.5",
                     "f#2|x y 1|x\ny\n1"}));
}

TEST(Csv, AQuoteNeverClosedLosesItsLineOnly) {
  EXPECT_EQ(Read(Format::kCsv, "text,n\none,1\n\"open,2\nthree,3\nfour,4\n"),
            (Strings{"f#2|one|one", "line 3: A quote that opens on this line is never closed.", "f#4|three|three",
                     "f#5|four|four"}));
}

TEST(Csv, ManyOpenQuotesEnd) {
  const Strings records = Read(Format::kCsv, "text\n" + Repeat("x,\"\n", 20001));
  EXPECT_FALSE(records.empty());
}

// What is embedded must not say its beginning twice.
TEST(Title, OfARecordWithoutOneIsTheBeginningOfItsText) {
  const std::string long_text = "In the harbour of\nthe old town the boats wait for the tide, and the men who row them "
                                "wait for the boats. " + Repeat("More is said below. ", 40);
  for (const std::string& text : {"A short text."s, "Two\nlines"s, long_text, Repeat("word", 60), "  indented  twice"s}) {
    const auto reader = MakeRecordReader(Format::kJsonLines, "f");
    std::string json = "{\"text\":\"";
    for (char c : text) json += c == '\n' ? "\\n"s : std::string(1, c);
    int records = 0;
    reader->Feed(json + "\"}\n", [&](RecordResult record) {
      ASSERT_TRUE(record.status.ok());
      ++records;
      EXPECT_TRUE(BeginsWithLine(record.document.text, record.document.title)) << record.document.title;
    });
    reader->Finish([&](RecordResult) { ++records; });
    EXPECT_EQ(records, 1);
  }
  EXPECT_FALSE(BeginsWithLine("A text.", "Another title"));
  EXPECT_FALSE(BeginsWithLine("A", "A text"));
}

}  // namespace
}  // namespace lodestone
