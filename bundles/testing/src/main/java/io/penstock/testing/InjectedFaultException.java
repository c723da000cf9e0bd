// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/** An error that a {@link FaultScript} asked for, as a device fails that is broken. */
@ProviderType
public final class InjectedFaultException extends IOException {
  private static final long serialVersionUID = 1L;

  InjectedFaultException(String message) {
    super(message);
  }
}
