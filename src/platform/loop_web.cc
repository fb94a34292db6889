#include "platform/loop_web.h"

#include <emscripten.h>
#include <emscripten/em_js.h>
#ifdef __EMSCRIPTEN_PTHREADS__
#include <emscripten/proxying.h>
#include <pthread.h>
#endif

#include <utility>

#include "base/clock.h"

namespace lodestone {
namespace {

constexpr double kTurnMs = 3;

WebLoop* the_loop = nullptr;

#ifdef __EMSCRIPTEN_PTHREADS__
em_proxying_queue* proxy_queue = nullptr;
pthread_t coordinator;
#endif

}  // namespace

// A message channel wakes the loop at once; timers would wait at least 4 ms after a few turns.
EM_JS(void, lodestone_loop_init, (), {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => _lodestone_loop_turn();
  Module.wakeLoop = () => channel.port2.postMessage(0);
});
EM_JS(void, lodestone_loop_wake, (), { Module.wakeLoop(); });
EM_JS(void, lodestone_loop_timer, (double delay_ms, int token), {
  setTimeout(() => _lodestone_loop_timer_fired(token), delay_ms);
});

extern "C" EMSCRIPTEN_KEEPALIVE void lodestone_loop_turn() { the_loop->RunTurn(); }
extern "C" EMSCRIPTEN_KEEPALIVE void lodestone_loop_timer_fired(int token) { the_loop->RunTimer(token); }

WebLoop::WebLoop() {
  the_loop = this;
#ifdef __EMSCRIPTEN_PTHREADS__
  proxy_queue = em_proxying_queue_create();
  coordinator = pthread_self();
#endif
  lodestone_loop_init();
}

void WebLoop::Wake() {
#ifdef __EMSCRIPTEN_PTHREADS__
  if (!pthread_equal(pthread_self(), coordinator)) {
    // Runs the turn on the coordinator when its event loop is free.
    emscripten_proxy_async(proxy_queue, coordinator, [](void*) { the_loop->RunTurn(); }, nullptr);
    return;
  }
#endif
  lodestone_loop_wake();
}

void WebLoop::Post(Priority priority, Work work, const char* what) {
  Line& line = priority == Priority::kInteractive ? urgent_ : rest_;
  line.inbox.Push({std::move(work), what});
  if (!awake_.exchange(true)) Wake();
}

std::deque<WebLoop::Named>* WebLoop::Waiting() {
  for (Line* line : {&urgent_, &rest_}) {
    if (line->queue.empty()) line->inbox.TakeAll(&line->queue);
    if (!line->queue.empty()) return &line->queue;
  }
  return nullptr;
}

void WebLoop::RunTurn() {
  double now_ms = SystemClock().NowMs();
  const double until_ms = now_ms + kTurnMs;
  while (now_ms < until_ms) {
    std::deque<Named>* const queue = Waiting();
    if (!queue) {
      awake_ = false;
      // What came just before that saw a turn on its way.
      if ((urgent_.inbox.empty() && rest_.inbox.empty()) || awake_.exchange(true)) return;
      continue;
    }
    const Named named = std::move(queue->front());
    queue->pop_front();
    now_ms = Run(named.work, named.what, now_ms);
  }
  lodestone_loop_wake();
}

void WebLoop::PostDelayed(double delay_ms, Work work, const char* what) {
  const int token = next_timer_++;
  timers_[token] = {std::move(work), what};
  lodestone_loop_timer(delay_ms, token);
}

void WebLoop::RunTimer(int token) {
  const auto found = timers_.find(token);
  const Named named = std::move(found->second);
  timers_.erase(found);
  Run(named.work, named.what, SystemClock().NowMs());
}

}  // namespace lodestone
