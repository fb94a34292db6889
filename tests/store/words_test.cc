#include <map>
#include <tuple>

#include "store/word_reader.h"
#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

class WordsTest : public StoreFileTest {};

const char* const kTexts[] = {
    "The runners were running; a runner RAN, relational conditional flying flies.\n\nDon't stop: it's O'Brien's e-mail.",
    "Ölkännchen ÜBUNG façade Ångström naïve İstanbul ﬁne Straße\n\nДом дома Ἀθῆναι 東京都 ひらがな 😀 ½ ² Ⅷ a\u0301b",
    "C++ x86_64 3.14 2026-11-21 foo::bar() <b>tag</b> \t\v tab\n\n1st 2nd a b c a b a",
};

// What the index holds, and what the reader says that it holds.
TEST_F(WordsTest, AreThoseOfTheIndex) {
  Open(path());
  std::map<std::tuple<TermId, uint32_t>, uint32_t> expected;  // halves by term and passage
  std::map<uint32_t, uint32_t> lengths;
  std::vector<std::string> texts(std::begin(kTexts), std::end(kTexts));
  texts.push_back("short " + std::string(40'000, 'x') + "\n\n" + std::string(70, 'y') + "ing");
  std::string mixed;
  for (int i = 0; i < 3000; ++i) mixed += std::string(1 + i % 9, static_cast<char>('a' + i % 26)) + (i % 7 ? " " : "ies, ");
  texts.push_back(mixed);
  for (size_t i = 0; i < texts.size(); ++i) {
    NewDocument document = MakeDocument("d" + std::to_string(i), texts[i]);
    document.document.title = "Running Übung " + std::to_string(i);
    for (Passage& passage : document.passages) passage.heading_path = "Guide > The flies";
    const StoredIds stored = Add(document);
    for (size_t p = 0; p < document.passages.size(); ++p) {
      const uint32_t id = stored.first_passage.value + static_cast<uint32_t>(p);
      const Passage& passage = document.passages[p];
      WordCounts words;
      WordReader::OfThisThread().Count(texts[i].substr(passage.start, passage.end - passage.start),
                                       ContextOf(document.document.title, passage.heading_path), &words);
      ASSERT_EQ(words.ends, std::vector<uint32_t>{static_cast<uint32_t>(words.terms.size())});
      lengths[id] = words.lengths.at(0);
      for (size_t w = 0; w < words.terms.size(); ++w) {
        const bool is_new = expected.try_emplace({words.terms[w], id}, words.halves[w]).second;
        EXPECT_TRUE(is_new) << "each term once";
      }
    }
  }
  store_.reset();

  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, "CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, passages_fts, instance)",
                         nullptr, nullptr, nullptr),
            SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_stmt* rows = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(handle, "SELECT term, doc, col FROM temp.words", -1, &rows, nullptr), SQLITE_OK);
  std::map<std::tuple<TermId, uint32_t>, uint32_t> stored;
  std::map<uint32_t, uint32_t> stored_lengths;
  while (sqlite3_step(rows) == SQLITE_ROW) {
    const std::string term(static_cast<const char*>(sqlite3_column_blob(rows, 0)),
                           static_cast<size_t>(sqlite3_column_bytes(rows, 0)));
    const auto passage = static_cast<uint32_t>(sqlite3_column_int64(rows, 1));
    const std::string column(reinterpret_cast<const char*>(sqlite3_column_text(rows, 2)));
    stored[{TermOf(term), passage}] += column == "text" ? 2 : 1;
    ++stored_lengths[passage];
  }
  sqlite3_finalize(rows);
  sqlite3_close(handle);
  EXPECT_GT(stored.size(), 100u);
  EXPECT_EQ(expected, stored);
  EXPECT_EQ(lengths, stored_lengths);
}

TEST_F(WordsTest, OfATermAreItsStems) {
  const WordReader& reader = WordReader::OfThisThread();
  EXPECT_EQ(reader.StemsOf("Running"), Strings{"run"});
  EXPECT_EQ(reader.StemsOf("well-known"), (Strings{"well", "known"}));
  EXPECT_EQ(reader.StemsOf("++"), Strings{});
  WordCounts words;
  WordReader::OfThisThread().Count("", "", &words);
  EXPECT_EQ(words.lengths, std::vector<uint32_t>{0});
  EXPECT_TRUE(words.terms.empty());
}

}  // namespace
}  // namespace lodestone
