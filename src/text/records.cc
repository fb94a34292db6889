#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "text/csv.h"
#include "text/decode.h"
#include "text/document_parts.h"
#include "text/extract.h"
#include "text/html_text.h"
#include "text/text_builder.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

constexpr size_t kMaxRecordBytes = 64 << 20;
constexpr size_t kSampleBytes = 4096;  // what is looked at to tell text from binary
constexpr size_t kMaxIdBytes = 256;
// How often a quote that is never closed makes the reader go back to the next line.
constexpr int kMaxRecoveries = 8;

Status TooLargeRecord() { return Status(StatusCode::kTooLarge, "The record is over 64 MB."); }

// Undoes the encoding of a stream of bytes, and hands the text on; what both formats have in common.
class StreamReader : public RecordReader {
 public:
  StreamReader(Format format, std::string_view path) : format_(format), path_(path) {}

  void Feed(std::string_view bytes, const Sink& sink) final {
    if (refused_) return;
    if (started_) {
      Pass(bytes, sink);
      return;
    }
    head_.append(bytes);
    if (head_.size() >= kSampleBytes) Start(sink);
  }

  void Finish(const Sink& sink) final {
    if (!started_ && !refused_) {
      if (head_.empty()) {
        Fail(1, Status(StatusCode::kBadData, "The file is empty."), sink);
        return;
      }
      Start(sink);
    }
    if (refused_) return;
    if (utf16_) {
      std::string rest;
      utf16_->Finish(&rest);
      TakeText(rest, sink);
    }
    FinishText(sink);
  }

 protected:
  virtual void TakeText(std::string_view text, const Sink& sink) = 0;
  virtual void FinishText(const Sink& sink) = 0;

  void Fail(uint64_t line, Status status, const Sink& sink) {
    sink({line, std::move(status), {}});
  }

  // Decodes the raw bytes of one record.
  std::string_view Decode(std::string_view raw, std::string* storage, Document* document) {
    document->encoding = encoding_;
    document->lossy_encoding = utf16_ && utf16_->lossy();
    if (IsValidUtf8(raw)) return raw;
    DecodedText decoded = DecodeUnmarked(raw);
    document->encoding = decoded.encoding;
    document->lossy_encoding = decoded.lossy;
    *storage = std::move(decoded.utf8);
    return *storage;
  }

  void Emit(uint64_t line, Record record, Document document, const Sink& sink) {
    std::string name = OneLine(record.id, kMaxIdBytes);
    const bool has_id = !name.empty();
    if (!has_id) name = std::to_string(line);
    if (!seen_ids_.insert(std::hash<std::string>{}(name)).second) {
      if (has_id) {
        Fail(line, Status(StatusCode::kBadData, "The id \"" + name + "\" is already that of an earlier record."), sink);
        return;
      }
      name = "line " + name;  // an earlier record's id is this number
    }
    document.path = path_ + "#" + name;
    document.format = format_;
    Status status = FillFromRecord(std::move(record), &document);
    if (!status.ok()) {
      Fail(line, std::move(status), sink);
      return;
    }
    sink({line, OkStatus(), std::move(document)});
  }

 private:
  void Start(const Sink& sink) {
    started_ = true;
    std::string head = std::move(head_);
    head_.clear();
    const ByteOrderMark mark = FindByteOrderMark(head);
    std::string_view text = head;
    if (mark == ByteOrderMark::kUtf8) text.remove_prefix(3);
    if (mark == ByteOrderMark::kUtf16Le || mark == ByteOrderMark::kUtf16Be) {
      text.remove_prefix(2);
      utf16_.emplace(mark == ByteOrderMark::kUtf16Be);
      encoding_ = mark == ByteOrderMark::kUtf16Be ? "UTF-16BE" : "UTF-16LE";
    } else if (const auto sample = DecodeText(text.substr(0, kSampleBytes)); !sample.ok()) {
      refused_ = true;
      Fail(1, sample.status(), sink);
      return;
    }
    Pass(text, sink);
  }

  void Pass(std::string_view bytes, const Sink& sink) {
    if (!utf16_) {
      TakeText(bytes, sink);
      return;
    }
    std::string text;
    utf16_->Feed(bytes, &text);
    TakeText(text, sink);
  }

  const Format format_;
  const std::string path_;
  std::string head_;  // bytes held back until there are enough to judge
  bool started_ = false;
  bool refused_ = false;
  std::optional<Utf16Decoder> utf16_;
  std::string encoding_ = "UTF-8";
  std::unordered_set<size_t> seen_ids_;  // hashes: a file of a million ids must not cost much memory
};

class JsonLinesReader final : public StreamReader {
 public:
  explicit JsonLinesReader(std::string_view path) : StreamReader(Format::kJsonLines, path) {}

 protected:
  void TakeText(std::string_view text, const Sink& sink) override {
    while (!text.empty()) {
      const size_t end = text.find('\n');
      const std::string_view piece = text.substr(0, end);
      if (tail_.size() + piece.size() > kMaxRecordBytes) {
        too_large_ = true;
        tail_.clear();
        tail_.shrink_to_fit();
      }
      if (end == std::string_view::npos) {
        if (!too_large_) tail_.append(piece);
        return;
      }
      if (tail_.empty()) {
        TakeLine(piece, sink);
      } else {
        tail_.append(piece);
        const std::string line = std::move(tail_);
        tail_.clear();
        TakeLine(line, sink);
      }
      text.remove_prefix(end + 1);
    }
  }

  void FinishText(const Sink& sink) override {
    TakeLine(tail_, sink);
    tail_.clear();
  }

 private:
  void TakeLine(std::string_view raw, const Sink& sink) {
    ++line_;
    if (too_large_) {
      too_large_ = false;
      Fail(line_, TooLargeRecord(), sink);
      return;
    }
    raw = TrimAsciiSpace(raw);
    if (raw.empty()) return;
    Document document;
    std::string storage;
    const Result<JsonDoc> parsed = ReadJson(Decode(raw, &storage, &document));
    if (!parsed.ok()) {
      Fail(line_, Status(StatusCode::kBadData, "This line is not valid JSON.", parsed.status().detail()), sink);
      return;
    }
    yyjson_val* root = yyjson_doc_get_root(parsed.value().get());
    if (!yyjson_is_obj(root)) {
      Fail(line_, Status(StatusCode::kBadData, "This line is not a JSON object."), sink);
      return;
    }
    Emit(line_, RecordFromJson(root), std::move(document), sink);
  }

  std::string tail_;  // the line that has not ended yet
  uint64_t line_ = 0;
  bool too_large_ = false;
};

bool LooksLikeNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.,+-eE%$ ") == std::string_view::npos;
}

// A first row of numbers or long texts is data.
bool IsHeader(const std::vector<std::string>& fields) {
  size_t named = 0;
  std::unordered_set<std::string> names;
  for (const std::string& field : fields) {
    const std::string_view name = TrimAsciiSpace(field);
    if (name.empty()) continue;
    if (name.size() > 64 || LooksLikeNumber(name) || !names.insert(AsciiLower(name)).second) return false;
    ++named;
  }
  return named * 2 >= fields.size() && named > 0;
}

class CsvReader final : public StreamReader {
 public:
  explicit CsvReader(std::string_view path) : StreamReader(Format::kCsv, path), scanner_(",;\t") {}

 protected:
  void TakeText(std::string_view text, const Sink& sink) override {
    while (!text.empty()) {
      if (skip_line_) {
        const size_t end = text.find('\n');
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
        ++line_;
        skip_line_ = false;
        continue;
      }
      const size_t end = scanner_.FindRecordEnd(text);
      const std::string_view piece = text.substr(0, end);
      if (record_.size() + piece.size() > kMaxRecordBytes) {
        text.remove_prefix(piece.size());
        GiveUpRecord(TooLargeRecord(), sink);
        line_ += static_cast<uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
        skip_line_ = end == std::string_view::npos;
        continue;
      }
      if (end == std::string_view::npos) {
        record_.append(piece);
        return;
      }
      text.remove_prefix(end);
      if (record_.empty()) {
        TakeRecord(piece, sink);
      } else {
        record_.append(piece);
        const std::string record = std::move(record_);
        record_.clear();
        TakeRecord(record, sink);
      }
    }
  }

  void FinishText(const Sink& sink) override {
    // A quote that stays open has swallowed the rest of the file: only its line is lost, not the lines after it.
    while (scanner_.in_quotes() && !record_.empty()) {
      const Status status(StatusCode::kBadData, "A quote that opens on this line is never closed.");
      const size_t line_end = record_.find('\n');
      if (recoveries_++ >= kMaxRecoveries || line_end == std::string::npos) {
        GiveUpRecord(status, sink);
        return;
      }
      const std::string rest = record_.substr(line_end + 1);
      record_.clear();
      scanner_.Reset();
      Fail(++line_, status, sink);
      TakeText(rest, sink);
    }
    const std::string record = std::move(record_);
    record_.clear();
    if (!record.empty()) TakeRecord(record, sink);
  }

 private:
  void GiveUpRecord(Status status, const Sink& sink) {
    Fail(line_ + 1, std::move(status), sink);
    line_ += static_cast<uint64_t>(std::count(record_.begin(), record_.end(), '\n'));
    record_.clear();
    record_.shrink_to_fit();
    scanner_.Reset();
  }

  void TakeRecord(std::string_view raw, const Sink& sink) {
    const uint64_t line = line_ + 1;
    line_ += static_cast<uint64_t>(std::count(raw.begin(), raw.end(), '\n'));
    if (TrimAsciiSpace(raw).empty()) return;
    if (raw.find('\0') != std::string_view::npos) {
      Fail(line, Status(StatusCode::kBadData, "This record is not text: its content is binary."), sink);
      return;
    }
    Document document;
    std::string storage;
    const std::string_view text = Decode(raw, &storage, &document);
    if (!separator_) {
      separator_ = GuessCsvSeparator(text);
      scanner_.set_separators(std::string(1, *separator_));
      std::vector<std::string> fields = SplitCsvRecord(text, *separator_);
      column_count_ = fields.size();
      if (IsHeader(fields)) {
        TakeHeader(std::move(fields));
        return;
      }
    }
    std::vector<std::string> fields = SplitCsvRecord(text, *separator_);
    while (fields.size() > column_count_ && TrimAsciiSpace(fields.back()).empty()) fields.pop_back();
    if (fields.size() > column_count_) {
      Fail(line,
           Status(StatusCode::kBadData, "The record has " + std::to_string(fields.size()) + " fields, but there are " +
                                            std::to_string(column_count_) + " columns."),
           sink);
      return;
    }
    Emit(line, RecordFromFields(std::move(fields)), std::move(document), sink);
  }

  void TakeHeader(std::vector<std::string> names) {
    std::optional<size_t> plain_id;
    for (size_t i = 0; i < names.size(); ++i) {
      names[i] = OneLine(names[i]);
      const std::string name = AsciiLower(names[i]);
      if (name == "_id") id_ = i;
      if (name == "id") plain_id = i;
      if (name == "title") title_ = i;
      if (name == "text") text_ = i;
      if (name == "date") date_ = i;
    }
    if (!id_) id_ = plain_id;
    names_ = std::move(names);
  }

  Record RecordFromFields(std::vector<std::string> fields) const {
    Record record;
    const auto take = [&](std::optional<size_t> column) {
      return column && *column < fields.size() ? fields[*column] : std::string();
    };
    record.id = take(id_);
    record.title = take(title_);
    record.text = take(text_);
    record.date = take(date_);
    if (!TrimAsciiSpace(record.text).empty()) return record;
    for (size_t i = 0; i < fields.size(); ++i) {
      const std::string value = DataText(fields[i]);
      const std::string_view trimmed = TrimAsciiSpace(value);
      if (trimmed.empty() || i == id_ || i == title_) continue;
      if (!record.other_text.empty()) record.other_text += '\n';
      if (i < names_.size() && !names_[i].empty()) record.other_text += names_[i] + ": ";
      record.other_text += trimmed;
    }
    return record;
  }

  CsvScanner scanner_;
  std::string record_;  // bytes of the record that has not ended yet
  uint64_t line_ = 0;   // lines before that record
  int recoveries_ = 0;
  bool skip_line_ = false;
  std::optional<char> separator_;
  size_t column_count_ = 0;
  std::vector<std::string> names_;  // empty without a header
  std::optional<size_t> id_, title_, text_, date_;
};

}  // namespace

std::unique_ptr<RecordReader> MakeRecordReader(Format format, std::string_view path) {
  if (format == Format::kCsv) return std::make_unique<CsvReader>(path);
  return std::make_unique<JsonLinesReader>(path);
}

}  // namespace lodestone
