#include "ui/state.h"

namespace lodestone::ui {

const protocol::LibraryEntry* LibraryState::Row(uint32_t index) const {
  const auto page = pages.find(index / kPageSize);
  if (page == pages.end()) return nullptr;
  const uint32_t within = index % kPageSize;
  return within < page->second.entries.size() ? &page->second.entries[within] : nullptr;
}

bool UiState::indexing() const {
  if (boot.walking.has_value()) return true;
  return engine.has_value() &&
         (engine->queued > 0 || engine->running > 0 || engine->files_done < engine->files_total);
}

bool UiState::library_empty() const {
  return !engine.has_value() || (engine->documents == 0 && engine->files_total == 0);
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f\xC2\xA0") == std::string_view::npos;
}

}  // namespace lodestone::ui
