// What each action of a person does.

#include <algorithm>
#include <string>

#include "ui/controller.h"

namespace lodestone::ui {

void UiController::Do(const Action& action) {
  SearchState& search = state_.search;
  PreviewState& preview = state_.preview;
  LibraryState& library = state_.library;
  const bool ready = state_.boot.phase == BootPhase::kReady;
  switch (action.kind) {
    case ActionKind::kSetMode:
      if (static_cast<protocol::SearchMode>(action.number) == search.mode) return;
      search.mode = static_cast<protocol::SearchMode>(action.number);
      return AskSearch();
    case ActionKind::kClearQuery:
      host_->SetFieldText("");
      SetQuery("");
      return host_->FocusField();
    case ActionKind::kSetQuery:
      host_->SetFieldText(action.text);
      SetQuery(action.text);
      return host_->FocusField();
    case ActionKind::kFocusSearch:
      return host_->FocusField();
    case ActionKind::kSelectResult:
      chosen_ = true;
      return Select(action.number, action.other, false);
    case ActionKind::kOpenResult:
      chosen_ = true;
      library.open = false;
      return Select(action.number, action.other, true);
    case ActionKind::kMoveSelection: {
      if (search.reply == nullptr || search.reply->results.empty()) return;
      chosen_ = true;
      const int last = static_cast<int>(search.reply->results.size()) - 1;
      return Select(std::clamp(search.selected + action.number, 0, last), 0, false);
    }
    case ActionKind::kMovePassage:
      if (preview.passages.empty()) return;
      chosen_ = true;
      preview.passage =
          static_cast<uint32_t>(std::clamp(static_cast<int>(preview.passage) + action.number, 0,
                                           static_cast<int>(preview.passages.size()) - 1));
      search.passage = static_cast<int>(preview.passage);
      ++preview.scroll_requests;
      return;
    case ActionKind::kClosePreview:
      LeaveFirst();
      preview.open = false;
      preview.status = PreviewStatus::kNone;
      preview.document.reset();
      preview.path.clear();
      return;
    case ActionKind::kToggleLibrary:
      library.open = !library.open;
      library.confirm_remove_all = false;
      return AskLibrary();
    case ActionKind::kCloseLibrary:
      library.open = false;
      library.confirm_remove_all = false;
      return;
    case ActionKind::kFilterLibrary:
      if (library.only_failed == (action.number != 0)) return;
      library.only_failed = action.number != 0;
      library.pages.clear();
      library.known = false;
      ++library.version;
      return AskLibrary();
    case ActionKind::kNeedLibraryRows:
      rows_first_ = static_cast<uint32_t>(action.number);
      rows_last_ = static_cast<uint32_t>(action.other);
      return AskLibrary();
    case ActionKind::kOpenDocument:
      library.open = wide_ && library.open;
      if (preview.path != action.text) preview.status = PreviewStatus::kLoading;
      LeaveFirst();
      preview.path = action.text;
      preview.passages.clear();
      preview.passage = 0;
      preview.open = true;
      ++preview.scroll_requests;
      return AskDocument();
    case ActionKind::kRemove:
      if (ready) Send(protocol::Remove{.paths = {action.text}}, {});
      if (preview.path == action.text) Do({ActionKind::kClosePreview});
      return;
    case ActionKind::kAskRemoveAll:
      library.confirm_remove_all = action.number != 0;
      return;
    case ActionKind::kRemoveAll:
      library.confirm_remove_all = false;
      if (ready) Send(protocol::Remove{.paths = {}, .everything = true}, {});
      return Do({ActionKind::kClosePreview});
    case ActionKind::kControlTask:
      if (!ready) return;
      return Send(protocol::ControlTask{.task = static_cast<uint32_t>(action.number),
                                        .action = static_cast<protocol::TaskAction>(action.other)},
                  {});
    case ActionKind::kTurnTasks:
      library.task_page = static_cast<uint32_t>(action.number);
      return;
    case ActionKind::kSetGentle:
      state_.gentle = action.number != 0;
      if (ready) Send(protocol::SetSettings{.gentle = state_.gentle}, {});
      return;
    case ActionKind::kDismissNotice:
      std::erase_if(state_.notices, [&](const NoticeItem& notice) {
        return notice.id == static_cast<uint32_t>(action.number);
      });
      return;
    case ActionKind::kPickFiles:
      return host_->Intent("pickFiles", "");
    case ActionKind::kPickFolder:
      return host_->Intent("pickFolder", "");
    case ActionKind::kPasteText:
      return host_->Intent("pasteText", "");
    case ActionKind::kManageLibrary:
      return host_->Intent("manageLibrary", "");
    case ActionKind::kCopyText:
      return host_->Intent("copyText", action.text);
    case ActionKind::kRestart:
      return host_->Intent("restart", "");
    case ActionKind::kReload:
      return host_->Intent("reload", "");
  }
}

}  // namespace lodestone::ui
