// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam.inside;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** Gives tests the context of the bundle that they are in. */
public final class BundleContextResolver implements ParameterResolver {

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext extension) {
    return parameter.getParameter().getType() == BundleContext.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext extension) {
    return FrameworkUtil.getBundle(extension.getRequiredTestClass()).getBundleContext();
  }
}
