#pragma once

#include <cstdint>
#include <string>

namespace lodestone::ui {

// What a person did, as the panels report it.
enum class ActionKind : uint8_t {
  kSetMode,  // number: protocol::SearchMode
  kClearQuery,
  kSetQuery,  // text
  kFocusSearch,
  kSelectResult,   // number: document, other: passage
  kOpenResult,     // the same, and on narrow screens the preview covers the results
  kMoveSelection,  // number: documents down (negative: up)
  kMovePassage,    // number: passages down
  kClosePreview,
  kToggleLibrary,
  kCloseLibrary,
  kFilterLibrary,    // number: 1 only failed
  kNeedLibraryRows,  // number: first, other: last
  kOpenDocument,     // text: path, from the library
  kRemove,           // text: path
  kAskRemoveAll,     // number: 1 ask, 0 never mind
  kRemoveAll,
  kControlTask,    // number: task, other: protocol::TaskAction
  kTurnTasks,      // number: page of the tasks to show, from 0
  kSetGentle,      // number
  kDismissNotice,  // number: id
  kPickFiles,
  kPickFolder,
  kPasteText,
  kManageLibrary,
  kCopyText,  // text
  kRestart,
  kReload,
};

struct Action {
  ActionKind kind;
  int32_t number = 0;
  int32_t other = 0;
  std::string text = {};
};

}  // namespace lodestone::ui
