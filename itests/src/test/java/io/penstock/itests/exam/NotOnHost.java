// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.exam;

import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.launcher.PostDiscoveryFilter;

/** Keeps every other engine, Jupiter above all, from running container tests on the host. */
public final class NotOnHost implements PostDiscoveryFilter {

  @Override
  public FilterResult apply(TestDescriptor descriptor) {
    boolean ours =
        descriptor.getUniqueId().getEngineId().filter(ContainerTestEngine.ID::equals).isPresent();
    return FilterResult.includedIf(
        ours || !isForContainers(descriptor),
        () -> "any class",
        () -> "runs inside containers only");
  }

  /** Looks at the class above a test, too: the platform asks about leaves only. */
  private static boolean isForContainers(TestDescriptor descriptor) {
    boolean annotated =
        descriptor
            .getSource()
            .filter(ClassSource.class::isInstance)
            .map(source -> ((ClassSource) source).getJavaClass())
            .filter(type -> type.isAnnotationPresent(InContainer.class))
            .isPresent();
    return annotated || descriptor.getParent().filter(NotOnHost::isForContainers).isPresent();
  }
}
