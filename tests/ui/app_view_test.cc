#include "ui/app_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "imgui.h"
#include "ui/chrome.h"

namespace lodestone::ui {
namespace {

// Squares in place of glyphs, half an em wide.
class SquarePainter : public GlyphPainter {
 public:
  float Advance(std::string_view, float em, bool) override { return em / 2; }
  bool Paint(std::string_view, float em, bool, GlyphImage* out) override {
    out->width = out->height = 4;
    out->advance = em / 2;
    out->rgba.assign(4 * 4 * 4, 255);
    return true;
  }
};

// Draws whole frames without a screen: textures are said to be there.
class UiAppViewTest : public testing::Test {
 protected:
  UiAppViewTest() : context_(ImGui::CreateContext()) {
    ImGui::GetIO().IniFilename = nullptr;
    ImGui::GetIO().BackendFlags |= ImGuiBackendFlags_RendererHasTextures;
    fonts_ = std::make_unique<Fonts>(&painter_, &clusters_);
  }
  ~UiAppViewTest() override {
    for (ImTextureData* texture : ImGui::GetPlatformIO().Textures) {
      texture->SetTexID(ImTextureID_Invalid);
      texture->SetStatus(ImTextureStatus_Destroyed);
    }
    fonts_.reset();
    ImGui::DestroyContext(context_);
  }

  // Draws until nothing moves; actions of all frames are kept.
  void Draw(float width = 1200, float height = 800) {
    for (int i = 0; i < 100; ++i) {
      if (!DrawOnce(width, height)) return;
    }
    ADD_FAILURE() << "never comes to rest";
  }
  bool DrawOnce(float width, float height) {
    ImGuiIO& io = ImGui::GetIO();
    io.DisplaySize = {width, height};
    io.DeltaTime = 0.016f;
    fonts_->BeginFrame(1);
    mirror_.BeginFrame(true);
    ImGui::NewFrame();
    Frame frame{.canvas = Canvas(nullptr, fonts_.get(), &LightTheme()),
                .state = state_,
                .mirror = mirror_,
                .input = input_,
                .actions = actions_,
                .width = width,
                .height = height,
                .elapsed_ms = 16,
                .narrow = width < kNarrowWidth};
    view_.Draw(frame);
    field_ = frame.field;
    ImGui::Render();
    for (ImTextureData* texture : *ImGui::GetDrawData()->Textures) {
      if (texture->Status == ImTextureStatus_OK || texture->Status == ImTextureStatus_Destroyed)
        continue;
      const bool gone = texture->Status == ImTextureStatus_WantDestroy;
      texture->SetTexID(gone ? ImTextureID_Invalid : 1);
      texture->SetStatus(gone ? ImTextureStatus_Destroyed : ImTextureStatus_OK);
    }
    input_ = {};
    return frame.moving;
  }
  bool Did(ActionKind kind) {
    return std::any_of(actions_.begin(), actions_.end(),
                       [&](const Action& action) { return action.kind == kind; });
  }
  void Search(size_t documents) {
    auto reply = std::make_shared<protocol::SearchReply>();
    reply->complete = true;
    for (size_t i = 0; i < documents; ++i) {
      protocol::DocumentHit hit;
      hit.path = std::to_string(i) + ".md";
      hit.title = "Title " + std::to_string(i);
      hit.score = 10 - static_cast<float>(i);
      hit.matched_words = {"words"};
      protocol::PassageHit passage;
      passage.text = "Some words that were found here. And a sentence more.";
      passage.end = static_cast<uint32_t>(passage.text.size());
      passage.matches = {{5, 10}};
      passage.best_sentence = {0, 32};
      hit.passages.push_back(passage);
      reply->results.push_back(hit);
    }
    state_.search.text = "words";
    state_.search.reply = reply;
    state_.search.selected = documents > 0 ? 0 : -1;
    ++state_.search.answers;
    ++state_.search.questions;
  }
  void Show(std::string text) {
    state_.preview.status = PreviewStatus::kShown;
    state_.preview.path = "0.md";
    state_.preview.document = std::make_shared<PreviewDocument>(
        protocol::GetDocumentReply{"0.md", "Title 0", std::move(text), {}});
    ++state_.preview.scroll_requests;
  }
  void Ready(uint32_t documents) {
    state_.boot.phase = BootPhase::kReady;
    state_.engine.emplace();
    state_.engine->documents = documents;
    state_.engine->threads = 4;
    state_.engine->isolated = true;
  }

  SquarePainter painter_;
  ClusterTable clusters_;
  ImGuiContext* context_;
  std::unique_ptr<Fonts> fonts_;
  Mirror mirror_;
  Input input_;
  UiState state_;
  AppView view_;
  std::vector<Action> actions_;
  Rect field_;
};

TEST_F(UiAppViewTest, AnEmptyLibraryInvites) {
  Ready(0);
  Draw();
  const std::string told = mirror_.TakeChanges();
  for (const char* part : {"Drop a folder here", "Add folder", "Add files", "Paste text",
                           "Nothing you add leaves this tab", "Hybrid", "Meaning", "Words",
                           "Library", "4 threads, isolated"}) {
    EXPECT_NE(told.find(part), std::string::npos) << part;
  }
  EXPECT_GT(field_.width, 300);
}

TEST_F(UiAppViewTest, AllResultsAreToldAndAnswerToActivation) {
  Ready(100);
  Search(40);
  Draw();
  const std::string told = mirror_.TakeChanges();
  EXPECT_NE(told.find("\"r\":\"list\""), std::string::npos);
  EXPECT_NE(told.find("Title 39"), std::string::npos) << "those below the fold too";
  EXPECT_NE(told.find("Matches \\\"words\\\""), std::string::npos);
  input_.activated = IdOf("result", 31);
  Draw();
  ASSERT_TRUE(Did(ActionKind::kOpenResult));
  EXPECT_EQ(actions_.back().number, 30);
}

TEST_F(UiAppViewTest, PassagesAreToldOfResultsNearSight) {
  Ready(100);
  Search(40);
  const auto told_passages = [&] {
    const std::string told = mirror_.TakeChanges();
    size_t count = 0;
    for (size_t at = 0; (at = told.find("found here", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  Draw();
  const size_t at_first = told_passages();
  EXPECT_GT(at_first, 4u);
  EXPECT_LT(at_first, 20u);
  state_.search.selected = 39;
  Draw();
  EXPECT_GT(told_passages(), 2u) << "told when they come near";
}

TEST_F(UiAppViewTest, ClicksReachTheWidgetUnderThePointer) {
  Ready(100);
  Search(3);
  Draw();
  ImGuiIO& io = ImGui::GetIO();
  io.AddMousePosEvent(200, 200);
  Draw();
  io.AddMouseButtonEvent(0, true);
  Draw();
  io.AddMouseButtonEvent(0, false);
  Draw();
  EXPECT_TRUE(Did(ActionKind::kOpenResult));
}

TEST_F(UiAppViewTest, TheSelectionScrollsIntoView) {
  Ready(100);
  Search(40);
  Draw();
  state_.search.selected = 35;
  Draw();
  const std::string told = mirror_.TakeChanges();
  const size_t item = told.find("\"u\":1");
  ASSERT_NE(item, std::string::npos);
  const size_t box = told.rfind("\"b\":[", item);
  const size_t comma = told.find(',', box + 5);
  const int y = std::stoi(told.substr(comma + 1));
  EXPECT_GT(y, 0);
  EXPECT_LT(y, 800);
}

TEST_F(UiAppViewTest, NothingMovesAtRest) {
  Ready(100);
  Search(10);
  Show("One line.\nAnother line.\n");
  Draw();
  EXPECT_FALSE(DrawOnce(1200, 800));
  mirror_.TakeChanges();
  EXPECT_FALSE(DrawOnce(1200, 800));
  EXPECT_EQ(mirror_.TakeChanges(), "");
}

TEST_F(UiAppViewTest, ALongTextIsReadInSlicesAndScrolledToItsPassage) {
  Ready(100);
  Search(1);
  std::string text;
  while (text.size() < 12u << 20)
    text += "A line of some words that fill it up to a fair width of the pane.\n";
  const auto at = static_cast<uint32_t>(text.size());
  text += "The needle stands here.\n";
  for (int i = 0; i < 1000; ++i) text += "After it.\n";
  Show(text);
  protocol::PassageHit passage;
  passage.start = at;
  passage.end = at + 23;
  passage.best_sentence = {at, at + 23};
  state_.preview.passages = {passage};
  EXPECT_TRUE(DrawOnce(1200, 800)) << "not all in one frame";
  Draw();
  EXPECT_TRUE(state_.preview.document->blocks.done());
  const std::string told = mirror_.TakeChanges();
  EXPECT_NE(told.find("The needle stands here."), std::string::npos);
  EXPECT_LT(told.size(), 40000u) << "only what is in sight is told";
  EXPECT_LT(ImGui::GetDrawData()->TotalVtxCount, 60000);
}

TEST_F(UiAppViewTest, ANarrowPreviewCoversTheResults) {
  Ready(100);
  Search(3);
  Show("Text of the document.");
  state_.preview.open = true;
  Draw(390, 780);
  const std::string told = mirror_.TakeChanges();
  EXPECT_NE(told.find("Text of the document."), std::string::npos);
  EXPECT_EQ(told.find("Title 2"), std::string::npos);
  EXPECT_EQ(field_.width, 0);
  state_.preview.open = false;
  Draw(390, 780);
  EXPECT_NE(mirror_.TakeChanges().find("Title 2"), std::string::npos);
  EXPECT_GT(field_.width, 200);
}

TEST_F(UiAppViewTest, ADeadEngineOffersARestart) {
  Ready(3);
  state_.boot.phase = BootPhase::kDied;
  Draw();
  EXPECT_NE(mirror_.TakeChanges().find("\"r\":\"alert\""), std::string::npos);
  input_.activated = IdOf("Restart", 5);
  Draw();
  EXPECT_TRUE(Did(ActionKind::kRestart));
}

TEST_F(UiAppViewTest, ALibraryOfTenThousandDrawsOnlyWhatIsSeen) {
  Ready(10000);
  state_.library.open = true;
  state_.library.known = true;
  state_.library.total = 10000;
  LibraryPage& page = state_.library.pages[0];
  for (int i = 0; i < 100; ++i) {
    protocol::LibraryEntry entry;
    entry.path = "folder/" + std::to_string(i) + ".txt";
    entry.state = i == 3 ? protocol::FileState::kFailed : protocol::FileState::kReady;
    entry.reason = "It is not text.";
    page.entries.push_back(entry);
  }
  Draw();
  const std::string told = mirror_.TakeChanges();
  EXPECT_NE(told.find("folder/0.txt"), std::string::npos);
  EXPECT_NE(told.find("failed: It is not text."), std::string::npos);
  EXPECT_NE(told.find("\"s\":[1,10000]"), std::string::npos);
  EXPECT_EQ(told.find("folder/50.txt"), std::string::npos);
  EXPECT_TRUE(Did(ActionKind::kNeedLibraryRows));
  // A task that begins or ends by itself moves nothing that somebody is about to press.
  state_.engine->tasks = {{.task = 5, .kind = "index", .title = "Indexing", .state = protocol::TaskState::kRunning, .can_cancel = true}};
  Draw();
  const std::string with_task = mirror_.TakeChanges();
  EXPECT_NE(with_task.find("\"n\":\"Tasks\""), std::string::npos);
  const auto place = [](const std::string& mirror) {
    const size_t begin = mirror.find("\"b\":", mirror.find("\"i\":" + std::to_string(IdOf("folder/0.txt", 12)) + ","));
    return begin == std::string::npos ? "nowhere" : mirror.substr(begin, mirror.find(']', begin) - begin);
  };
  EXPECT_EQ(place(with_task), place(told));
  EXPECT_NE(place(told), "nowhere");
  // Nor does the first file that fails.
  state_.library.failed_total = 1;
  Draw();
  const std::string with_failure = mirror_.TakeChanges();
  EXPECT_NE(with_failure.find("Failed 1"), std::string::npos);
  EXPECT_EQ(place(with_failure), place(told));
}

TEST_F(UiAppViewTest, TasksHaveTheirProgressAndButtons) {
  Ready(3);
  state_.library.open = true;
  state_.engine->files_total = 10;
  state_.engine->files_done = 4;
  state_.engine->tasks = {{.task = 5,
                           .kind = "index",
                           .title = "Indexing",
                           .state = protocol::TaskState::kRunning,
                           .done = 4,
                           .total = 10,
                           .can_pause = true,
                           .can_cancel = true},
                          {.task = 6,
                           .kind = "export",
                           .title = "Exporting the library",
                           .state = protocol::TaskState::kRunning}};
  Draw();
  const std::string told = mirror_.TakeChanges();
  for (const char* part : {"\"n\":\"Tasks\"", "4 of 10 files", "Pause indexing",
                           "Cancel indexing", "Exporting the library", "Under way"}) {
    EXPECT_NE(told.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(told.find("Cancel exporting"), std::string::npos);
  EXPECT_EQ(told.find("Restart"), std::string::npos);
  input_.activated = IdOf("task_pause", 5);
  Draw();
  ASSERT_TRUE(Did(ActionKind::kControlTask));
  EXPECT_EQ(actions_.back().number, 5);
  EXPECT_EQ(actions_.back().other, static_cast<int>(protocol::TaskAction::kPause));
  state_.engine->tasks[0].state = protocol::TaskState::kPaused;
  state_.engine->tasks[0].can_restart = true;
  Draw();
  EXPECT_NE(mirror_.TakeChanges().find("Resume indexing"), std::string::npos);
  input_.activated = IdOf("task_pause", 5);
  Draw();
  EXPECT_EQ(actions_.back().other, static_cast<int>(protocol::TaskAction::kResume));
  input_.activated = IdOf("task_cancel", 5);
  Draw();
  EXPECT_EQ(actions_.back().other, static_cast<int>(protocol::TaskAction::kCancel));
  state_.engine->tasks.clear();
  Draw();
  EXPECT_EQ(mirror_.TakeChanges().find("\"n\":\"Tasks\""), std::string::npos) << "nothing to show";
}

TEST_F(UiAppViewTest, WhatHasFailedOrWasCancelledIsBegunAnewOrDismissed) {
  Ready(3);
  state_.library.open = true;
  state_.engine->ended_tasks = {{.task = 7, .kind = "index", .title = "Indexing", .state = protocol::TaskState::kCancelled, .can_restart = true},
                                {.task = 8,
                                 .kind = "model",
                                 .title = "Loading the model",
                                 .state = protocol::TaskState::kFailed,
                                 .can_restart = true,
                                 .message = "It could not be fetched."}};
  Draw();
  const std::string told = mirror_.TakeChanges();
  for (const char* part : {"Cancelled", "It could not be fetched.", "Restart indexing", "Dismiss indexing", "Restart loading the model"}) {
    EXPECT_NE(told.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(told.find("progressbar"), std::string::npos);
  input_.activated = IdOf("task_restart", 8);
  Draw();
  ASSERT_TRUE(Did(ActionKind::kControlTask));
  EXPECT_EQ(actions_.back().number, 8);
  EXPECT_EQ(actions_.back().other, static_cast<int>(protocol::TaskAction::kRestart));
  input_.activated = IdOf("task_dismiss", 7);
  Draw();
  EXPECT_EQ(actions_.back().number, 7);
  EXPECT_EQ(actions_.back().other, static_cast<int>(protocol::TaskAction::kDismiss));
}

TEST_F(UiAppViewTest, MoreTasksThanThereIsRoomForAreAPressAway) {
  Ready(3);
  state_.library.open = true;
  for (uint32_t task = 1; task <= 5; ++task) {
    state_.engine->tasks.push_back({.task = task, .kind = "export", .title = "Exporting " + std::to_string(task),
                                    .state = protocol::TaskState::kRunning, .can_cancel = true});
  }
  Draw();
  std::string told = mirror_.TakeChanges();
  EXPECT_NE(told.find("Cancel exporting 3"), std::string::npos);
  EXPECT_EQ(told.find("Exporting 4"), std::string::npos);
  EXPECT_NE(told.find("Show 2 more tasks"), std::string::npos);
  input_.activated = IdOf("tasks_more");
  Draw();
  ASSERT_TRUE(Did(ActionKind::kTurnTasks));
  state_.library.task_page = static_cast<uint32_t>(actions_.back().number);
  Draw();
  told = mirror_.TakeChanges();
  EXPECT_NE(told.find("Cancel exporting 5"), std::string::npos);
  EXPECT_NE(told.find("Show 3 more tasks"), std::string::npos);
  input_.activated = IdOf("tasks_more");
  Draw();
  EXPECT_EQ(actions_.back().number, 0);
  // Those of the second page have ended.
  state_.engine->tasks.resize(2);
  Draw();
  told = mirror_.TakeChanges();
  EXPECT_NE(told.find("Cancel exporting 1"), std::string::npos);
  EXPECT_EQ(told.find("more tasks"), std::string::npos);
}

TEST_F(UiAppViewTest, KeysDoWhatTheySay) {
  const auto press = [&](Key key, bool in_field) {
    actions_.clear();
    return view_.OnKey(key, in_field, state_, &actions_);
  };
  EXPECT_FALSE(press(Key::kDown, true)) << "no results: the field keeps the key";
  EXPECT_FALSE(press(Key::kSlash, true)) << "a slash is typed";
  EXPECT_TRUE(press(Key::kSlash, false));
  EXPECT_TRUE(Did(ActionKind::kFocusSearch));
  EXPECT_FALSE(press(Key::kEscape, true));
  Search(3);
  EXPECT_TRUE(press(Key::kDown, true));
  EXPECT_EQ(actions_[0].number, 1);
  EXPECT_TRUE(press(Key::kEnter, true));
  EXPECT_TRUE(Did(ActionKind::kOpenResult));
  EXPECT_TRUE(press(Key::kEscape, true));
  EXPECT_TRUE(Did(ActionKind::kClearQuery));
  state_.library.open = true;
  EXPECT_TRUE(press(Key::kEscape, true));
  EXPECT_TRUE(Did(ActionKind::kCloseLibrary)) << "what lies on top goes first";
  EXPECT_TRUE(press(Key::kLibrary, true));
  EXPECT_TRUE(Did(ActionKind::kToggleLibrary));
  EXPECT_FALSE(press(Key::kCopy, false)) << "nothing is selected";
}

TEST_F(UiAppViewTest, StatusTellsWhatIsLost) {
  Ready(3);
  state_.engine->isolated = false;
  state_.engine->threads = 1;
  state_.engine->storage = "memory";
  const std::vector<std::string> facts = StatusFacts(state_);
  EXPECT_NE(std::find(facts.begin(), facts.end(), "1 thread, not isolated"), facts.end());
  EXPECT_NE(std::find(facts.begin(), facts.end(), "gone when this tab closes"), facts.end());
  state_.engine->loop_lag = {.p50_ms = 0.2f, .p99_ms = 3, .max_ms = 120, .samples = 9};
  EXPECT_EQ(StatusFacts(state_).back(), "lag 3.0 ms");
  state_.engine->loop_stalls = 1;
  EXPECT_EQ(StatusFacts(state_).back(), "lag 3.0 ms, at worst 120 ms");
  state_.engine->files_total = 10;
  state_.engine->files_done = 4;
  EXPECT_EQ(StatusText(state_), "Indexing 4 of 10 files");
}

}  // namespace
}  // namespace lodestone::ui
