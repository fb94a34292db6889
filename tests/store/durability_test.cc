// What the store does when the machine, the disk or the file lets it down.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

class DurabilityTest : public StoreFileTest {};

TEST_F(DurabilityTest, ANewerVersionIsRefusedAndLeftAlone) {
  Open(path());
  Add("a", "word");
  Sql("PRAGMA user_version = 99");
  const std::string before = ReadFile(path());
  EXPECT_EQ(OpenCode(), StatusCode::kMismatch);
  EXPECT_EQ(ReadFile(path()), before);
}

TEST_F(DurabilityTest, OtherFilesAreRefused) {
  WriteFile(path(), std::string(20000, 'x'));
  EXPECT_EQ(OpenCode(), StatusCode::kBadData);
  EXPECT_EQ(ReadFile(path()), std::string(20000, 'x'));
  std::filesystem::remove(path());
  Sql("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)");
  const std::string before = ReadFile(path());
  EXPECT_EQ(OpenCode(), StatusCode::kBadData);
  EXPECT_EQ(ReadFile(path()), before);
  EXPECT_EQ(Store::Open(folder_ / "no/such/folder/x").status().code(), StatusCode::kUnavailable);
}

TEST_F(DurabilityTest, ACutFileIsDamagedOrEmptyNeverACrash) {
  Open(path());
  std::string text;
  for (int i = 0; i < 400; ++i) text += "passage number" + std::to_string(i) + " with words\n\n";
  Add("a", text);
  store_.reset();
  const std::string whole = ReadFile(path());
  int damaged = 0;
  for (size_t size = 0; size < whole.size(); size += 8192 * 3 + 100) {
    WriteFile(path(), whole.substr(0, size));
    Result<std::unique_ptr<Store>> store = Store::Open(path());
    if (!store.ok()) {
      EXPECT_EQ(store.status().code(), StatusCode::kBadData) << size;
      ++damaged;
      continue;
    }
    // What is left may be read as long as it is sound; each call answers or says kBadData.
    store_ = std::move(store).value();
    const Result<Document> document = store_->LoadDocument("a");
    if (!document.ok()) EXPECT_TRUE(document.status().code() == StatusCode::kBadData || size == 0);
    const auto found = store_->SearchLexical(Terms({"passage"}), {});
    if (!found.ok()) EXPECT_EQ(found.status().code(), StatusCode::kBadData);
    store_.reset();
  }
  EXPECT_GT(damaged, 0);
}

TEST_F(DurabilityTest, PendingRowsAreSweptAtOpen) {
  Open(path());
  const StoredIds kept = Add("kept", "kept words");
  const StoredIds half = Add("half", "half words\n\nmore");
  ASSERT_TRUE(store_->AddVectors("m", 1, std::vector{half.first_passage}, std::vector<uint16_t>{1}).ok());
  // As it is when the machine stops in the middle of the document.
  Sql("UPDATE documents SET visible = 0 WHERE path = 'half'");
  Open(path());
  EXPECT_EQ(Paths(), Strings{"kept"});
  EXPECT_EQ(Find("words"), Strings{"kept words"});
  EXPECT_EQ(Sql("SELECT count(*) FROM documents"), "1");
  EXPECT_EQ(Sql("SELECT count(*) FROM passages"), "1");
  EXPECT_EQ(Sql("SELECT count(*) FROM vectors"), "0");
  EXPECT_EQ(Sql("SELECT count(*) FROM passages_fts WHERE passages_fts MATCH 'half'"), "0");
  ExpectSound();
}

// A limit on the size of files stands for the full disk.
TEST_F(DurabilityTest, AFullDiskLosesNothing) {
  Open(path());
  std::vector<NewDocument> first;
  for (int i = 0; i < 20; ++i) first.push_back(MakeDocument("first" + std::to_string(i), "first words " + std::to_string(i)));
  for (const auto& result : store_->AddDocuments(first, 5, {})) ASSERT_TRUE(result.ok());

  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = store_->SizeBytes().value() + 200'000;
  setrlimit(RLIMIT_FSIZE, &small);
  std::vector<NewDocument> batch;
  std::string text;
  for (int i = 0; i < 100; ++i) text += "passage number" + std::to_string(i) + " with some words to fill\n\n";
  for (int i = 0; i < 60; ++i) batch.push_back(MakeDocument("more" + std::to_string(i), text));
  const auto results = store_->AddDocuments(batch, 2, {});
  const size_t stored = store_->ListDocuments().value().size();
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, old_handler);

  size_t ok = 0;
  for (const auto& result : results) {
    if (result.ok()) ++ok;
    else EXPECT_EQ(result.status().code(), StatusCode::kStorageFull) << result.status().detail();
  }
  EXPECT_LT(ok, 60u);
  EXPECT_EQ(stored, 20 + ok);
  EXPECT_EQ(Find("first").size(), 20u);
  EXPECT_EQ(Find("number7").size(), ok);
  // With room again it goes on.
  Add("after", "after words");
  EXPECT_EQ(Find("after"), Strings{"after words"});
  Open(path());
  EXPECT_EQ(Paths().size(), 21 + ok);
  ExpectSound();
}

// The process is killed at moments that differ from round to round; whatever it had reported is there, and
// nothing is there in part.
TEST_F(DurabilityTest, KilledWhileWriting) {
  for (int round = 0; round < 8; ++round) {
    int reports[2];
    ASSERT_EQ(pipe(reports), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Result<std::unique_ptr<Store>> store = Store::Open(path());
      for (int i = 0; store.ok(); ++i) {
        const std::string name = std::to_string(round) + "." + std::to_string(i);
        std::string text;
        for (int passage = 0; passage < 30; ++passage) text += "common " + name + " p" + std::to_string(passage) + "\n\n";
        // Every third one replaces the one before it.
        const NewDocument document = MakeDocument(i % 3 == 1 ? std::to_string(round) + "." + std::to_string(i - 1) : name, text);
        const auto results = store.value()->AddDocuments({&document, 1}, 1, {});
        if (!results[0].ok()) break;
        const std::string line = document.document.path + "=" + name + "\n";
        if (write(reports[1], line.data(), line.size()) < 0) break;
      }
      _exit(1);
    }
    close(reports[1]);
    // Reported so far; the kill comes once enough of them are in, at whatever the child does by then.
    std::string lines;
    char byte;
    for (int wanted = 3 + round * 2; wanted > 0 && read(reports[0], &byte, 1) == 1;) {
      lines += byte;
      wanted -= byte == '\n';
    }
    kill(child, SIGKILL);
    int outcome = 0;
    waitpid(child, &outcome, 0);
    EXPECT_TRUE(WIFSIGNALED(outcome));
    while (read(reports[0], &byte, 1) == 1) lines += byte;
    close(reports[0]);

    ExpectSound();
    Open(path());
    std::map<std::string, std::string> last;
    for (size_t start = 0, end; (end = lines.find('\n', start)) != std::string::npos; start = end + 1) {
      const size_t equals = lines.find('=', start);
      last[lines.substr(start, equals - start)] = lines.substr(equals + 1, end - equals - 1);
    }
    EXPECT_GE(last.size(), 2u);
    const std::vector<DocumentRecord> records = store_->ListDocuments().value();
    for (const DocumentRecord& record : records) {
      EXPECT_EQ(record.passage_count, 30u);
      const Document document = store_->LoadDocument(record.path).value();
      const std::string name = document.text.substr(7, document.text.find(' ', 7) - 7);
      // A document that was not reported, or its next version, may have been committed just before the kill.
      ParsedQuery query = Terms({"common"});
      query.phrases = {"common " + name};
      EXPECT_EQ(Find(query).size(), 30u) << name;
    }
    for (const auto& [path, name] : last) EXPECT_TRUE(store_->LoadDocument(path).ok()) << path;
    EXPECT_EQ(Find("common").size(), 30 * records.size());
    ExpectSound();
  }
}

// Debian's own sqlite3 reads, searches and checks the file.
TEST_F(DurabilityTest, TheStockShellReadsTheFile) {
  if (system("command -v sqlite3 > /dev/null 2>&1") != 0) GTEST_SKIP() << "there is no sqlite3 on this machine";
  Open(path());
  NewDocument document = MakeDocument("a.md", "running far\n\nstaying Äpfel");
  document.document.title = "Title";
  Add(document);
  Add("b.md", "other");
  store_.reset();
  const std::string command = "sqlite3 '" + path() +
                              "' \"SELECT d.path, f.text, trim(f.context, char(10)) FROM passages_fts f "
                              "JOIN passages p ON p.id = f.rowid JOIN documents d ON d.id = p.document_id "
                              "WHERE passages_fts MATCH 'runs OR apfel' ORDER BY f.rowid; PRAGMA integrity_check; "
                              "INSERT INTO passages_fts(passages_fts, rank) VALUES('integrity-check', 1);\" 2>&1";
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string output;
  char buffer[4096];
  while (const size_t size = fread(buffer, 1, sizeof buffer, pipe.get())) output.append(buffer, size);
  EXPECT_EQ(output, "a.md|running far|Title\na.md|staying Äpfel|Title\nok\n");
}

}  // namespace
}  // namespace lodestone
