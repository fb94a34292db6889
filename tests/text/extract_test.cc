#include "text/extract.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/text/test_text.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

using std::string_literals::operator""s;

Document Extract(std::string_view path, std::string_view bytes) {
  Result<Document> document = ExtractDocument(path, bytes);
  EXPECT_TRUE(document.ok()) << path << ": " << document.status().message();
  if (!document.ok()) return {};
  EXPECT_TRUE(IsValidUtf8(document.value().text));
  EXPECT_EQ(document.value().text.find('\0'), std::string::npos);
  EXPECT_EQ(document.value().text.find('\r'), std::string::npos);
  EXPECT_FALSE(document.value().title.empty());
  uint32_t last = 0;
  for (const Heading& heading : document.value().headings) {
    EXPECT_GE(heading.offset, last);
    EXPECT_LT(heading.offset, document.value().text.size());
    EXPECT_TRUE(heading.offset == 0 || document.value().text[heading.offset - 1] == '\n');
    last = heading.offset;
  }
  return std::move(document).value();
}

std::vector<std::string> HeadingLines(const Document& document) {
  std::vector<std::string> lines;
  for (const Heading& heading : document.headings) {
    lines.push_back(std::to_string(heading.level) + " " +
                    document.text.substr(heading.offset, document.text.find('\n', heading.offset) - heading.offset));
  }
  return lines;
}

TEST(Format, ByName) {
  EXPECT_EQ(DetectFormat("a/b.MD"), Format::kMarkdown);
  EXPECT_EQ(DetectFormat("x.htm"), Format::kHtml);
  EXPECT_EQ(DetectFormat("x.json"), Format::kJson);
  EXPECT_EQ(DetectFormat("x.ndjson"), Format::kJsonLines);
  EXPECT_EQ(DetectFormat("x.tsv"), Format::kCsv);
  EXPECT_EQ(DetectFormat("src/main.rs"), Format::kCode);
  EXPECT_EQ(DetectFormat("Makefile"), Format::kCode);
  EXPECT_EQ(DetectFormat("README"), Format::kPlainText);
  EXPECT_EQ(DetectFormat("a.md/notes"), Format::kPlainText);
  EXPECT_FALSE(IsSupportedPath("photo.JPG"));
  EXPECT_FALSE(IsSupportedPath("a/.DS_Store"));
  EXPECT_TRUE(IsSupportedPath("a.png/notes.txt"));
  EXPECT_TRUE(IsSupportedPath(".gitignore"));
}

TEST(Extract, PlainTextKeepsItsText) {
  const Document document = Extract("dir/Notes 😀.txt", "  first\r\n\r\nsecond \n\n\n");
  EXPECT_EQ(document.text, "  first\n\nsecond");
  EXPECT_EQ(document.title, "Notes 😀.txt");
  EXPECT_EQ(document.path, "dir/Notes 😀.txt");
  EXPECT_TRUE(document.headings.empty());
}

TEST(Extract, Markdown) {
  const Document document = Extract("a.md",
                                    "Intro *with* [a link](http://x.y) and `code`\nwrapped &amp; on.\n\n"
                                    "# Main <b>Title</b>\n\n> quoted\n\n- one\n- two\n  - deep\n\n1. first\n2. second\n\n"
                                    "- [x] done\n\n```rust\nfn main() {\n\n}\n```\n\n"
                                    "Sub\n---\n\n| k | v |\n|---|---|\n| a | b |\n\nline  \nbreak ![alt](p.png)\n\n"
                                    "<div>raw <b>html</b></div>\n\n<!-- gone -->\n");
  EXPECT_EQ(document.text,
            "Intro with a link and code wrapped & on.\n\nMain Title\n\nquoted\n\n- one\n- two\n  - deep\n\n1. first\n"
            "2. second\n\n- [x] done\n\nfn main() {\n\n}\n\nSub\n\nk | v\na | b\n\nline\nbreak alt\n\nraw html");
  EXPECT_EQ(HeadingLines(document), (std::vector<std::string>{"1 Main Title", "2 Sub"}));
  EXPECT_EQ(document.title, "Main Title");
}

TEST(Extract, FrontMatter) {
  const Document yaml = Extract("a.md", "---\ntitle: \"My: note\"\ndate: 1970-01-02\ntags: [a]\n---\n\nText\n\n# Head");
  EXPECT_EQ(yaml.title, "My: note");
  EXPECT_EQ(yaml.date_ms, 86400000);
  EXPECT_EQ(yaml.text, "Text\n\nHead");
  EXPECT_EQ(Extract("a.md", "+++\ntitle = 'T'\n+++\nText").title, "T");
  // Two rules with text between are no front matter.
  EXPECT_EQ(Extract("a.md", "---\njust text\n---\n").text, "just text");
  EXPECT_EQ(Extract("a.md", "---\ntitle: never closed\n").title, "a.md");
}

TEST(Extract, Html) {
  const Document document = Extract("a.html", "<title>T</title><body><h1>H</h1>caf\xE9");
  EXPECT_EQ(document.title, "T");
  EXPECT_EQ(document.text, "H\n\ncafé");
  EXPECT_EQ(document.encoding, "windows-1252");
  EXPECT_TRUE(document.lossy_encoding);
}

TEST(Extract, JsonReadsAsLinesAndHeadings) {
  const Document document = Extract("fr.json", R"({
    "Geography": {
      "Area": {"total ": {"text": "643,801 sq km"}, "note": "<strong>note:</strong> with<br>islands"},
      "Location": {"text": "Western Europe"},
      "Rivers": ["Loire", "Rhine", 3, true, null]
    },
    "code": 1.50,
    "cities": [{"name": "Paris", "people": 2}, {"name": "Lyon"}, {"size": 1}]
  })");
  EXPECT_EQ(document.title, "fr.json");
  EXPECT_EQ(document.text,
            "code: 1.50\n\nGeography\n\nLocation: Western Europe\nRivers: Loire, Rhine, 3, true\n\nArea\n\n"
            "total: 643,801 sq km\nnote: note: with\nislands\n\ncities\n\nParis\n\npeople: 2\n\nLyon\n\nsize: 1");
  EXPECT_EQ(HeadingLines(document),
            (std::vector<std::string>{"1 Geography", "2 Area", "1 cities", "2 Paris", "2 Lyon"}));
}

TEST(Extract, JsonWithItsOwnTitleAndText) {
  const Document document =
      Extract("a.json", R"({"_id":"7","title":"The\u0000 Title","text":"Body\r\ntext \ud83d.","author":"A","date":"1970-01-02"})");
  EXPECT_EQ(document.title, "The Title");
  EXPECT_EQ(document.text, "Body\ntext \uFFFD.\n\nauthor: A\ndate: 1970-01-02");
  EXPECT_EQ(document.date_ms, 86400000);
  EXPECT_EQ(document.path, "a.json");
}

TEST(Extract, JsonOfOtherShapes) {
  EXPECT_EQ(Extract("a.json", R"(["x", "y"])").text, "x, y");
  EXPECT_EQ(Extract("a.json", "// settings\n{\"a\": [1, 2,], /* c */ }").text, "a: 1, 2");
  EXPECT_EQ(Extract("a.json", R"([[1,2],[3,4]])").text, "1, 2\n3, 4");
  EXPECT_EQ(Extract("a.json", "\"just text\"").text, "just text");
  const Result<Document> broken = ExtractDocument("a.json", "{\n\"a\": \n}");
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.status().message().find("line 3"), std::string::npos) << broken.status().message();
}

TEST(Extract, JsonDepthCostsNoStack) {
  constexpr size_t kDepth = 100000;
  EXPECT_FALSE(ExtractDocument("a.json", Repeat("[", kDepth) + Repeat("]", kDepth)).ok());
  EXPECT_TRUE(Extract("a.json", Repeat("{\"a\":", kDepth) + "1" + Repeat("}", kDepth)).text.ends_with("a: 1"));
}

TEST(Extract, MarkdownOfOddShapesTakesLinearTime) {
  EXPECT_EQ(Extract("a.md", Repeat("> ", 50000) + "deep").text, "deep");
  EXPECT_TRUE(Extract("a.md", Repeat("- ", 50000) + "deep").text.ends_with("- deep"));
  EXPECT_EQ(Extract("a.md", Repeat("[", 300000)).text.size(), 300000u);
  EXPECT_FALSE(Extract("a.md", Repeat("*a_ ", 100000)).text.empty());
  EXPECT_FALSE(Extract("a.md", Repeat("&amp;", 20000)).text.empty());
}

TEST(Extract, WhatHoldsNoText) {
  EXPECT_EQ(ExtractDocument("a.txt", "").status().message(), "The file is empty.");
  EXPECT_FALSE(ExtractDocument("a.txt", " \n\n").ok());
  EXPECT_FALSE(ExtractDocument("a.html", "<script>x</script>").ok());
  const Result<Document> binary = ExtractDocument("a.txt", "PK\x03\x04\0\0"s);
  ASSERT_FALSE(binary.ok());
  EXPECT_EQ(binary.status().code(), StatusCode::kBadData);
}

TEST(Extract, CodeStaysAsItIs) {
  const Document document = Extract("src/a.py", "# not a heading\ndef f():\n\treturn '<b>'\n");
  EXPECT_EQ(document.text, "# not a heading\ndef f():\n\treturn '<b>'");
  EXPECT_EQ(document.title, "a.py");
}

}  // namespace
}  // namespace lodestone
