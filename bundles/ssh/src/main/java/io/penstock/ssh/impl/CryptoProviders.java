// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl;

import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.Provider;
import java.security.Security;
import org.apache.sshd.common.util.security.SecurityProviderChoice;
import org.apache.sshd.common.util.security.SecurityProviderRegistrar;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.apache.sshd.common.util.security.SunJCESecurityProviderRegistrar;
import org.apache.sshd.common.util.security.bouncycastle.BouncyCastleSecurityProviderRegistrar;

/**
 * Gives Bouncy Castle to the SSH library alone. By default the library would add it to the
 * providers of the whole virtual machine, where it outlives the bundle, and would use a provider
 * that another bundle has added and whose classes it cannot see.
 */
public final class CryptoProviders {
  private static final Logger LOG = Messages.log("ssh");

  /** Where another bundle has added a Bouncy Castle to the virtual machine: one of our own. */
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
      // The library asks the class loader of the thread for its own classes and for those of Bouncy
      // Castle. The loader of a caller's thread may have others of the same names.
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
        SecurityProviderRegistrar own = registrar();
        if (SecurityUtils.registerSecurityProvider(own) == own) {
          SecurityUtils.setDefaultProviderChoice(own);
        }
        // Has the library register the rest now; later it would use the loader of some other
        // thread.
        boolean known = SecurityUtils.isBouncyCastleRegistered();
        LOG.log(Level.DEBUG, "SSH knows Bouncy Castle: {0}", known);
        return true;
      } catch (ReflectiveOperationException e) {
        LOG.log(Level.WARNING, "SSH has to do without Bouncy Castle, and so without ed25519", e);
        return false;
      }
    }

    /**
     * The library keeps it for good. One of the library's class does not hold our class loader; but
     * it would take the provider that another bundle has added.
     */
    private static SecurityProviderRegistrar registrar() throws ReflectiveOperationException {
      if (Security.getProvider(SecurityUtils.BOUNCY_CASTLE) != null) {
        return new Own();
      }
      SecurityProviderRegistrar plain = new BouncyCastleSecurityProviderRegistrar();
      plain
          .getProperties()
          .put(
              plain.getConfigurationPropertyName(SecurityProviderRegistrar.NAMED_PROVIDER_PROPERTY),
              false);
      // From now on it is this one.
      if (!plain.isSupported() || plain.getSecurityProvider() == null) {
        throw new ClassNotFoundException(BouncyCastleSecurityProviderRegistrar.PROVIDER_CLASS);
      }
      return plain;
    }
  }

  private CryptoProviders() {}

  /**
   * Registers the providers once; called before any other use of the library.
   *
   * @return whether Bouncy Castle is there
   */
  public static boolean ready() {
    return Once.DONE;
  }
}
