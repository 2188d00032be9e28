// What the troubles of a connection do to a request.
#include "support/gate.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "support/stage.hpp"

namespace vapisync::test {
namespace {

struct GateTest : ::testing::Test {
  SandboxProcess sandbox;
  Gate gate{sandbox.port()};
  boost::asio::io_context context;

  /// Sends a create through the gate and goes away without waiting for the answer.
  void send_and_leave() {
    using boost::asio::ip::tcp;
    tcp::socket socket(context);
    const auto port = static_cast<unsigned short>(gate.port());
    socket.connect({boost::asio::ip::address_v4::loopback(), port});
    const std::string request =
        "POST /assistant HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer key\r\n"
        "User-Agent: test\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    boost::asio::write(socket, boost::asio::buffer(request));
  }
};

TEST_F(GateTest, WhatWasHeldUpArrivesThoughItsSenderHasGone) {
  gate.stall();
  send_and_leave();
  EXPECT_EQ(sandbox.requests("POST"), 0);
  gate.open();
  sandbox.await_requests("POST");
  EXPECT_EQ(sandbox.assistants(), 1);
}

TEST_F(GateTest, WhereOnlyAnswersAreHeldRequestsArrive) {
  gate.hold_answers();
  send_and_leave();
  sandbox.await_requests("POST");
}

}  // namespace
}  // namespace vapisync::test
