#include "tests/engine/engine_fixture.h"

#include <algorithm>

namespace lodestone {
namespace {

// Wide enough that the vectors of different words are close to orthogonal.
constexpr uint32_t kDimension = 256;
constexpr uint32_t kLargerDimension = 384;

// Every ASCII letter and digit alone and as a continuation, so that no word is unknown, and whole words
// that the tests search for.
std::string TokenizerJson() {
  std::string vocabulary;
  int next = 0;
  const auto add = [&](const std::string& token) {
    vocabulary += (next ? ",\"" : "\"") + token + "\":" + std::to_string(next);
    ++next;
  };
  for (const char* token : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) add(token);
  for (const char* word : {"lantern", "harbour", "whale", "copper", "garden", "tomato", "violin", "glacier", "bread",
                           "engine", "lighthouse", "the", "and", "of", "a", "in", "is"}) {
    add(word);
  }
  for (char c = 'b'; c <= 'z'; ++c) add(std::string(1, c));
  for (char c = '0'; c <= '9'; ++c) add(std::string(1, c));
  for (char c = 'a'; c <= 'z'; ++c) add(std::string("##") + c);
  for (char c = '0'; c <= '9'; ++c) add(std::string("##") + c);
  for (const char* mark : {".", ",", "-", "#", ":", "!", "?"}) add(mark);
  return R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[],)"
         R"("normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,)"
         R"("strip_accents":null,"lowercase":true},"pre_tokenizer":{"type":"BertPreTokenizer"},)"
         R"("post_processor":null,"decoder":null,"model":{"type":"WordPiece","unk_token":"[UNK]",)"
         R"("continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{)" +
         vocabulary + "}}}";
}

}  // namespace

void FakeFiles::Read(FileId file, uint64_t offset, uint32_t size_bytes, ReadDone done) {
  loop_->Post(Priority::kBackground, [=, this] {
    if (std::find(gone_.begin(), gone_.end(), file) != gone_.end()) {
      done(Status(StatusCode::kNotFound, "The file is gone."));
      return;
    }
    const std::string& bytes = files_[file.value - 1];
    done(offset >= bytes.size() ? std::string() : bytes.substr(offset, size_bytes));
  });
}

void FakeInference::Load(const ModelSource&, LoadDone done) {
  if (hold_loads) held_load_ = [this, done = std::move(done)] { OpenLane(0, done); };
  else OpenLane(0, std::move(done));
}

void FakeInference::OpenLane(int, LoadDone done) {
  loop_->Post(Priority::kInteractive, [this, done = std::move(done)] {
    if (fail_loads) done(Status(StatusCode::kBadData, "The model is damaged."));
    else done(ModelInfo{dimension_, false, true});
  });
}

void FakeInference::Run(int lane, InferenceBatch* batch, RunDone done) {
  ++batches;
  padded_tokens += batch->ids.size();
  real_tokens += static_cast<uint64_t>(std::count(batch->mask.begin(), batch->mask.end(), 1));
  if ((hold_runs && batches > runs_before_hold) || (hold_further_lanes && lane > 0)) {
    held_.emplace_back(batch, std::move(done));
    return;
  }
  pool_.Post(Priority::kInteractive, [this, batch, done = std::move(done)] {
    for (uint32_t row = 0; row < batch->row_count; ++row) {
      for (uint32_t column = 0; column < batch->column_count; ++column) {
        const size_t at = row * batch->column_count + column;
        if (!batch->mask[at]) continue;
        uint32_t state = static_cast<uint32_t>(batch->ids[at]) * 2654435761u + 1;
        for (uint32_t k = 0; k < batch->dimension; ++k) {
          state = state * 1664525u + 1013904223u;
          batch->out[row * batch->dimension + k] += static_cast<float>(state >> 16) / 32768.0f - 1.0f;
        }
      }
    }
    const auto tell = [done, fails = fail_runs] {
      done(fails ? Status(StatusCode::kBadData, "The model failed on a text.") : OkStatus());
    };
    loop_->Post(Priority::kInteractive, tell, "Run");
  });
}

void FakeInference::ReleaseRuns() {
  hold_runs = hold_further_lanes = false;
  for (auto& [batch, done] : std::exchange(held_, {})) {
    --batches;
    padded_tokens -= batch->ids.size();
    real_tokens -= static_cast<uint64_t>(std::count(batch->mask.begin(), batch->mask.end(), 1));
    Run(0, batch, std::move(done));
  }
}

EngineTest::EngineTest(bool threads) : threads_(threads) { Start(); }

void EngineTest::End() {
  compute_.reset();
  storage_.reset();
  inference_.reset();
  larger_inference_.reset();
  loop_.Clear();
  engine_.reset();
  inline_.reset();
  sent_.clear();
}

void EngineTest::Start() {
  const bool threads = threads_;
  inference_ = std::make_unique<FakeInference>(&loop_, threads ? 3 : 1, kDimension);
  larger_inference_ = std::make_unique<FakeInference>(&loop_, threads ? 3 : 1, kLargerDimension);
  Platform platform;
  platform.loop = &loop_;
  if (threads) {
    const auto cores = std::make_shared<CoreBudget>(2);
    storage_ = std::make_unique<SerialThread>(cores);
    compute_ = std::make_unique<ThreadPool>(2, cores);
    platform.compute = compute_.get();
    platform.storage = storage_.get();
  } else {
    inline_ = std::make_unique<InlineExecutor>(&loop_);
    platform.threaded = false;
    platform.compute = inline_.get();
    platform.storage = inline_.get();
  }
  platform.files = &files_;
  platform.instant_inference = inference_.get();
  platform.larger_inference = larger_inference_.get();
  platform.clock = clock_;
  platform.threads = 2;
  platform.rehearse = rehearse_;
  platform.mount_storage = [this] { return place_; };
  platform.warn = [this](const std::string& text) { warnings_.push_back(text); };
  engine_ = std::make_unique<Engine>(platform, "test-build",
                                     [this](MessageKind kind, protocol::MessageType type, RequestId id, std::string bytes) {
                                       sent_.push_back({kind, type, id, std::move(bytes)});
                                     });
  engine_->housekeeper().verify_delay_ms = verify_delay_ms_;
  bool opened = false;
  engine_->Start([&](const Status& status) {
    EXPECT_EQ(status.code(), expect_open_) << status.message();
    opened = true;
  });
  EXPECT_TRUE(loop_.RunUntil([&] { return opened; }, 30000));
}

EngineTest::~EngineTest() = default;

void EngineTest::HoldLoop(double ms, const char* name) {
  bool held = false;
  loop_.Post(
      Priority::kBackground,
      [&] {
        const double until_ms = SystemClock().NowMs() + ms;
        while (SystemClock().NowMs() < until_ms) {
        }
        held = true;
      },
      name);
  EXPECT_TRUE(loop_.RunUntil([&] { return held; }, 30000));
}

Answer EngineTest::Wait(RequestId id) {
  const auto found = [&] {
    return std::find_if(sent_.begin(), sent_.end(),
                        [&](const Sent& sent) { return sent.kind == MessageKind::kResponse && sent.id == id; });
  };
  EXPECT_TRUE(loop_.RunUntil([&] { return found() != sent_.end(); }, 30000)) << "no response to request " << id.value;
  const auto sent = found();
  if (sent == sent_.end()) return {protocol::MessageType::kErrorReply, protocol::Encode(protocol::ErrorReply{})};
  return {sent->type, sent->bytes};
}

size_t EngineTest::ResponseCount(RequestId id) const {
  return static_cast<size_t>(std::count_if(sent_.begin(), sent_.end(), [&](const Sent& sent) {
    return sent.kind == MessageKind::kResponse && sent.id == id;
  }));
}

protocol::ErrorReply EngineTest::ErrorOf(const Answer& answer) {
  EXPECT_EQ(answer.type, protocol::MessageType::kErrorReply);
  Result<protocol::ErrorReply> error = protocol::Decode<protocol::ErrorReply>(answer.bytes);
  return error.ok() ? std::move(error).value() : protocol::ErrorReply{};
}

protocol::SetModel EngineTest::ModelRequest() const {
  protocol::SetModel request;
  request.id = "fake";
  request.onnx_url = "models/fake/model.onnx";
  request.tokenizer_json = TokenizerJson();
  request.manifest_json = R"({"id":"fake","name":"Fake","dimension":256,"max_tokens":64,"fusion_weight":0.5,)"
                          R"("similarity_floor":0.1,"add_special_tokens":false,"instant":true})";
  request.built_in = true;
  return request;
}

protocol::SetModel EngineTest::LargerModelRequest() const {
  protocol::SetModel request = ModelRequest();
  request.id = "larger";
  request.onnx_url = "models/larger/model.onnx";
  request.manifest_json = R"({"id":"larger","name":"Larger","dimension":384,"max_tokens":64,"fusion_weight":0.5,)"
                          R"("similarity_floor":0.1,"add_special_tokens":false,"instant":false})";
  request.built_in = false;
  return request;
}

std::shared_ptr<const int> EngineTest::CountRuns(std::string name) {
  auto count = std::make_shared<int>(0);
  loop_.on_ran = [count, name = std::move(name), told = loop_.on_ran](const char* what, double begin_ms, double end_ms) {
    *count += name == what;
    told(what, begin_ms, end_ms);
  };
  return count;
}

void EngineTest::LoadModel() { EXPECT_EQ(Ask<protocol::SetModelReply>(ModelRequest()).dimension, kDimension); }

protocol::FileEntry EngineTest::Entry(const std::string& path, std::string text) {
  protocol::FileEntry entry;
  entry.path = path;
  entry.size_bytes = text.size();
  entry.modified_ms = 1700000000000;
  entry.file_id = files_.Put(std::move(text)).value;
  return entry;
}

protocol::AddFilesReply EngineTest::Add(std::vector<std::pair<std::string, std::string>> files) {
  protocol::AddFiles request;
  for (auto& [path, text] : files) request.files.push_back(Entry(path, std::move(text)));
  return Ask<protocol::AddFilesReply>(request);
}

protocol::SearchReply EngineTest::Search(const std::string& text, protocol::SearchMode mode, uint32_t top) {
  protocol::Search request;
  request.text = text;
  request.mode = mode;
  request.top = top;
  return Ask<protocol::SearchReply>(request);
}

}  // namespace lodestone
