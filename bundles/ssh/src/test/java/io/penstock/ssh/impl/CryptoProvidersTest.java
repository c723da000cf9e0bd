// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.sshd.common.util.security.SecurityProviderRegistrar;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.apache.sshd.common.util.security.bouncycastle.BouncyCastleSecurityProviderRegistrar;
import org.junit.jupiter.api.Test;

/** What the SSH library keeps for good. */
class CryptoProvidersTest {
  @Test
  void libraryIsGivenNothingThatHoldsOurClassLoader() {
    assertTrue(CryptoProviders.ready());
    SecurityProviderRegistrar kept =
        SecurityUtils.getRegisteredProvider(SecurityUtils.BOUNCY_CASTLE);
    assertSame(BouncyCastleSecurityProviderRegistrar.class, kept.getClass());
    assertSame(kept, SecurityUtils.getDefaultProviderChoice());
    assertFalse(kept.isNamedProviderUsed(), "it is not for the whole virtual machine");
    assertNotNull(kept.getSecurityProvider());
  }
}
