// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.Provider;
import org.apache.sshd.common.util.security.SecurityProviderChoice;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.apache.sshd.common.util.security.SunJCESecurityProviderRegistrar;
import org.apache.sshd.common.util.security.bouncycastle.BouncyCastleSecurityProviderRegistrar;

/**
 * Bouncy Castle for this library alone. Left to itself the library would add it to those of the
 * whole virtual machine, where it outlives the bundle, and take what another bundle has added, of
 * whose classes it knows nothing.
 */
public final class CryptoProviders {
  private static final Logger LOG = Messages.log("ssh");

  private static final class Own extends BouncyCastleSecurityProviderRegistrar {
    private final Provider provider;

    Own() throws ReflectiveOperationException {
      provider =
          SecurityProviderChoice.createProviderInstance(
              BouncyCastleSecurityProviderRegistrar.class, PROVIDER_CLASS);
    }

    @Override
    public boolean isNamedProviderUsed() {
      return false;
    }

    @Override
    public Provider getSecurityProvider() {
      return provider;
    }
  }

  private static final class Once {
    static final boolean DONE = register();

    private static boolean register() {
      // The library asks the thread's loader for its own classes, which may know others of that
      // name, and for those of Bouncy Castle, which its own loader need not know.
      Thread thread = Thread.currentThread();
      ClassLoader before = thread.getContextClassLoader();
      thread.setContextClassLoader(CryptoProviders.class.getClassLoader());
      try {
        return registerBoth();
      } finally {
        thread.setContextClassLoader(before);
      }
    }

    private static boolean registerBoth() {
      Flushers.goAtOnce();
      // Java's own first: its ciphers are the fastest.
      Object unused = SecurityUtils.registerSecurityProvider(new SunJCESecurityProviderRegistrar());
      try {
        Own own = new Own();
        if (SecurityUtils.registerSecurityProvider(own) == own) {
          SecurityUtils.setDefaultProviderChoice(own);
        }
        // What else it would register later, by the loader of whichever thread that is.
        boolean known = SecurityUtils.isBouncyCastleRegistered();
        LOG.log(Level.DEBUG, "SSH knows Bouncy Castle: {0}", known);
        return true;
      } catch (ReflectiveOperationException e) {
        LOG.log(Level.WARNING, "SSH has to do without Bouncy Castle, and so without ed25519", e);
        return false;
      }
    }
  }

  private CryptoProviders() {}

  /**
   * Sees to it, once; before the library is used for anything.
   *
   * @return whether Bouncy Castle is there
   */
  public static boolean ready() {
    return Once.DONE;
  }
}
