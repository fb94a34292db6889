// The cutting part of Ingest: from bytes to passages, on the pool.

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "engine/ingest_file.h"
#include "store/word_reader.h"

namespace lodestone {
namespace {

constexpr size_t kRecordsPerTask = 64;
constexpr size_t kInlineRecordsPerTask = 4;

// Counted here, not on the storage thread: there is one of that.
WordCounts CountWords(const NewDocument& document, Executor* compute) {
  WordCounts words;
  const std::string_view text = document.document.text;
  for (const Passage& passage : document.passages) {
    if (compute->InteractiveWaiting()) compute->RunInteractive();
    WordReader::OfThisThread().Count(text.substr(passage.start, passage.end - passage.start),
                                     ContextOf(document.document.title, passage.heading_path), &words);
  }
  return words;
}

}  // namespace

void Ingest::ParseWhole(FilePtr file) {
  const DocumentRecord* known = context_->library.FindPath(file->entry.path);
  std::string known_hash = known ? known->content_hash : std::string();
  ++file->steps;
  context_->OnComputeFor<std::vector<Parsed>>(
      file->job->task, Priority::kBackground,
      [file, known_hash = std::move(known_hash), tokenizer = context_->passage_tokenizer,
       options = chunk_options, compute = context_->platform.compute] {
        std::vector<Parsed> out(1);
        Parsed& parsed = out[0];
        parsed.file = file;
        NewDocument& document = parsed.document;
        document.content_hash = ContentHash(file->bytes);
        document.size_bytes = file->entry.size_bytes;
        document.modified_ms = file->entry.modified_ms;
        if (document.content_hash == known_hash) {
          parsed.unchanged = true;
          return out;
        }
        Result<Document> extracted = ExtractDocument(file->entry.path, file->bytes);
        if (!extracted.ok()) {
          parsed.status = extracted.status();
          return out;
        }
        document.document = std::move(extracted).value();
        document.passages = ChunkDocument(document.document, *tokenizer, options, [compute, file] {
          // A query never waits for a whole document to be cut.
          if (compute->InteractiveWaiting()) compute->RunInteractive();
          return !file->job->cancelled;
        });
        if (document.passages.empty()) {
          parsed.status = Status(StatusCode::kBadData, "There is no text in this file.");
        }
        parsed.words = CountWords(document, compute);
        return out;
      },
      [this, file](Result<std::vector<Parsed>> parsed) {
        --file->steps;
        bytes_in_flight_ -= std::exchange(file->bytes_accounted, 0);
        bytes_done_ += file->entry.size_bytes;
        file->bytes = {};
        Take(file, std::move(parsed));
      });
}

void Ingest::FeedRecords(FilePtr file, std::string bytes) {
  ++file->steps;
  context_->OnComputeFor<std::vector<RecordResult>>(
      file->job->task, Priority::kBackground,
      [file, bytes = std::move(bytes), last = file->read_all] {
        std::vector<RecordResult> records;
        const auto sink = [&](RecordResult record) { records.push_back(std::move(record)); };
        file->records->Feed(bytes, sink);
        if (last) file->records->Finish(sink);
        return records;
      },
      [this, file](Result<std::vector<RecordResult>> fed) {
        --file->steps;
        if (file->job->cancelled) return MaybeFinishFile(file);
        if (!fed.ok()) return FailFile(file, fed.status());
        std::vector<RecordResult>& records = fed.value();
        const size_t step = context_->platform.threaded ? kRecordsPerTask : kInlineRecordsPerTask;
        for (size_t begin = 0; begin < records.size(); begin += step) {
          const size_t end = std::min(records.size(), begin + step);
          ParseRecords(file, std::vector<RecordResult>(std::make_move_iterator(records.begin() + static_cast<ptrdiff_t>(begin)),
                                                       std::make_move_iterator(records.begin() + static_cast<ptrdiff_t>(end))));
        }
        if (file->read_all) return MaybeFinishFile(file);
        if (paused_ || to_store_bytes_ >= kMaxStoreQueueBytes) paused_streams_.push_back(file);
        else ReadNext(file);
      });
}

void Ingest::ParseRecords(FilePtr file, std::vector<RecordResult> records) {
  ++file->steps;
  std::vector<std::string> known_hashes;
  for (const RecordResult& record : records) {
    const DocumentRecord* known = context_->library.FindPath(record.document.path);
    known_hashes.push_back(known ? known->content_hash : std::string());
  }
  context_->OnComputeFor<std::vector<Parsed>>(
      file->job->task, Priority::kBackground,
      [file, records = std::move(records), known_hashes = std::move(known_hashes),
       tokenizer = context_->passage_tokenizer, options = chunk_options,
       compute = context_->platform.compute]() mutable {
        std::vector<Parsed> out;
        out.reserve(records.size());
        for (size_t i = 0; i < records.size() && !file->job->cancelled; ++i) {
          if (compute->InteractiveWaiting()) compute->RunInteractive();
          Parsed parsed;
          parsed.file = file;
          parsed.line = records[i].line;
          parsed.status = std::move(records[i].status);
          if (parsed.status.ok()) {
            NewDocument& document = parsed.document;
            document.document = std::move(records[i].document);
            document.content_hash = ContentHash(document.document.title + '\n' + document.document.text);
            document.size_bytes = document.document.text.size();
            document.modified_ms = document.document.date_ms ? document.document.date_ms : file->entry.modified_ms;
            parsed.unchanged = document.content_hash == known_hashes[i];
            if (!parsed.unchanged) {
              document.passages = ChunkDocument(document.document, *tokenizer, options);
              if (document.passages.empty()) {
                parsed.status = Status(StatusCode::kBadData, "The record has no text.");
              }
              parsed.words = CountWords(document, compute);
            }
          }
          out.push_back(std::move(parsed));
        }
        return out;
      },
      [this, file](Result<std::vector<Parsed>> parsed) {
        --file->steps;
        Take(file, std::move(parsed));
      });
}

void Ingest::Take(FilePtr file, Result<std::vector<Parsed>> parsed) {
  if (file->job->cancelled) return MaybeFinishFile(file);
  if (!parsed.ok()) return FailFile(file, parsed.status());
  for (Parsed& one : parsed.value()) {
    if (!one.status.ok()) {
      if (!file->records) return FailFile(file, one.status);
      ++file->record_failures;
      if (file->job->reply.failed.size() < kMaxFailuresListed) {
        file->job->reply.failed.push_back(
            {file->entry.path, "Line " + std::to_string(one.line) + ": " + one.status.message()});
      }
      continue;
    }
    if (one.unchanged) {
      ++file->unchanged;
      if (const DocumentRecord* known = context_->library.FindPath(
              file->records ? one.document.document.path : file->entry.path)) {
        file->stale.erase(known->id);
        files_->SetTitle(file->entry.path, known->title);
        files_->AddPassages(file->entry.path, known->passage_count);
      }
      continue;
    }
    if (one.document.document.lossy_encoding) {
      files_->SetWarning(file->entry.path, "Some characters could not be read (taken as " +
                                               one.document.document.encoding + ").");
    }
    files_->SetTitle(file->entry.path, one.document.document.title);
    ++file->steps;
    to_store_bytes_ += one.size_bytes();
    to_store_.push_back(std::move(one));
  }
  StoreBatch();
  MaybeFinishFile(file);
  Pump();
}

}  // namespace lodestone
