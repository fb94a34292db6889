#include "store/document_table.h"

#include <algorithm>
#include <string_view>

namespace lodestone {
namespace {

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return LowerAscii(c); });
  return lower;
}

std::string ExtensionOf(std::string_view file) {
  const std::string_view name = file.substr(file.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string() : LowerAscii(name.substr(dot + 1));
}

// Names that people use for one another.
std::string_view CommonType(std::string_view type) {
  if (type == "markdown") return "md";
  if (type == "htm" || type == "xhtml") return "html";
  if (type == "text") return "txt";
  if (type == "ndjson") return "jsonl";
  return type;
}

// '*' stands for any bytes, '/' included; both in lower case.
bool MatchesGlob(std::string_view text, std::string_view glob) {
  size_t t = 0, g = 0;
  size_t star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_text = t;
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace

void DocumentTable::Add(DocumentEntry entry) {
  const DocumentId id = entry.record.id;
  const size_t end = size_t{entry.first_passage} + entry.record.passage_count;
  if (entry.record.passage_count > 0) {
    if (document_of_passage_.size() < end) document_of_passage_.resize(end);
    std::fill(document_of_passage_.begin() + entry.first_passage, document_of_passage_.begin() + end, id);
  }
  by_path_[entry.record.path] = id;
  std::vector<DocumentId>& alike = by_checksum_[entry.checksum];
  alike.insert(std::upper_bound(alike.begin(), alike.end(), id), id);
  entries_[id] = std::move(entry);
}

void DocumentTable::Remove(DocumentId document) {
  const auto found = entries_.find(document);
  if (found == entries_.end()) return;
  const DocumentEntry& entry = found->second;
  const auto first = document_of_passage_.begin() + entry.first_passage;
  if (entry.record.passage_count > 0) std::fill(first, first + entry.record.passage_count, DocumentId{});
  const auto path = by_path_.find(entry.record.path);
  if (path != by_path_.end() && path->second == document) by_path_.erase(path);
  const auto alike = by_checksum_.find(entry.checksum);
  std::erase(alike->second, document);
  if (alike->second.empty()) by_checksum_.erase(alike);
  entries_.erase(found);
}

void DocumentTable::Clear() {
  entries_.clear();
  by_path_.clear();
  by_checksum_.clear();
  document_of_passage_.clear();
}

const DocumentEntry* DocumentTable::Find(DocumentId document) const {
  const auto found = entries_.find(document);
  return found == entries_.end() ? nullptr : &found->second;
}

const DocumentEntry* DocumentTable::FindPath(const std::string& path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : Find(found->second);
}

std::vector<DocumentId> DocumentTable::TwinsOf(const DocumentEntry& entry) const {
  std::vector<DocumentId> twins;
  const auto alike = by_checksum_.find(entry.checksum);
  if (alike == by_checksum_.end()) return twins;
  for (const DocumentId id : alike->second) {
    const DocumentRecord& record = entries_.at(id).record;
    const bool is_twin = id != entry.record.id && record.content_hash == entry.record.content_hash &&
                         record.passage_count == entry.record.passage_count;
    if (is_twin) twins.push_back(id);
  }
  return twins;
}

std::string TypeOfPath(const std::string& path, Format format) {
  if (format != Format::kJsonLines && format != Format::kCsv) return ExtensionOf(path);
  // "<file>#<id>", where both may hold a '#': the file ends at the first one that an extension precedes.
  for (size_t hash = path.find('#'); hash != std::string::npos; hash = path.find('#', hash + 1)) {
    const std::string type = ExtensionOf(std::string_view(path).substr(0, hash));
    if (!type.empty()) return type;
  }
  return ExtensionOf(path);
}

bool PassesFilters(const DocumentEntry& entry, const ParsedQuery& query) {
  const int64_t date_ms = entry.date_ms != 0 ? entry.date_ms : entry.record.modified_ms;
  if (date_ms < query.after_ms || date_ms >= query.before_ms) return false;
  const auto has_type = [&](const std::string& type) { return CommonType(type) == CommonType(entry.record.type); };
  if (!query.types.empty() && std::none_of(query.types.begin(), query.types.end(), has_type)) return false;
  if (query.paths.empty()) return true;
  const std::string path = LowerAscii(entry.record.path);
  return std::any_of(query.paths.begin(), query.paths.end(), [&](const std::string& pattern) {
    const std::string lower = LowerAscii(pattern);
    return lower.find('*') == std::string::npos ? path.starts_with(lower) : MatchesGlob(path, lower);
  });
}

}  // namespace lodestone
