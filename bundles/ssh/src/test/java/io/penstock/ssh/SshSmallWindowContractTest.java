// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import io.penstock.channel.Endpoint;
import io.penstock.testing.contract.ChannelSuite;
import io.penstock.testing.contract.ContractSuite;
import io.penstock.testing.contract.Kind;
import io.penstock.testing.contract.Services;
import org.junit.jupiter.api.Nested;

/** The same as {@link SshContractTest}, with a small window. A class of its own: it takes long. */
class SshSmallWindowContractTest {
  private static final String SMALL = "window=32KiB";

  @Nested
  class ToServer extends ContractSuite {
    @Override
    protected Kind kind() {
      return SshContractTest.there("ssh-32k", SMALL);
    }
  }

  @Nested
  class ToClient extends ContractSuite {
    @Override
    protected Kind kind() {
      return SshContractTest.back("ssh-32k-back", SMALL);
    }
  }

  @Nested
  class Whole extends ChannelSuite {
    @Override
    protected Kind kind() {
      return SshContractTest.there("ssh-32k", SMALL);
    }

    @Override
    protected Services services() {
      return Bench.SERVICES;
    }

    @Override
    protected Endpoint listening() {
      return Bench.listening(SMALL);
    }

    @Override
    protected Endpoint connecting(Endpoint bound) {
      return Bench.connecting(bound, SMALL);
    }
  }
}
