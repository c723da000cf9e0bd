// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.namespace.PackageNamespace;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRequirement;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.resource.Namespace;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.ReferenceDTO;
import org.osgi.service.component.runtime.dto.UnsatisfiedReferenceDTO;

/** Tells why a container offers no command line. */
final class Diagnosis {
  private static final String RUNTIME_BUNDLE = "org.apache.felix.scr";

  private final BundleContext context;
  private final List<Bundle> unresolved;

  Diagnosis(Container container) {
    this.context = container.context();
    this.unresolved = container.unresolved();
  }

  /** One line: every component that waits and for what, and every bundle that does not resolve. */
  String explain() {
    List<String> causes = new ArrayList<>(unresolvedBundles());
    ServiceReference<ServiceComponentRuntime> reference =
        context.getServiceReference(ServiceComponentRuntime.class);
    ServiceComponentRuntime runtime = reference == null ? null : context.getService(reference);
    if (runtime == null) {
      causes.add("bundle " + RUNTIME_BUNDLE + ", which starts components, is missing");
    } else {
      runtime.getComponentDescriptionDTOs().stream()
          .flatMap(d -> runtime.getComponentConfigurationDTOs(d).stream())
          .flatMap(c -> waiting(c).stream())
          .forEach(causes::add);
    }
    if (causes.isEmpty()) {
      causes.add("no bundle registers a Callable with penstock.main=true");
    }
    return "the command line is not available: " + String.join("; ", causes);
  }

  /** A phrase for each bundle that does not resolve, naming what it lacks. */
  List<String> unresolvedBundles() {
    List<String> phrases = new ArrayList<>();
    for (Bundle bundle : unresolved) {
      BundleRevision revision = bundle.adapt(BundleRevision.class);
      List<String> lacking =
          revision == null
              ? List.of()
              : revision.getDeclaredRequirements(null).stream()
                  .filter(Diagnosis::isMandatory)
                  .filter(r -> !isProvided(r))
                  .map(Diagnosis::name)
                  .toList();
      phrases.add(
          "bundle "
              + bundle.getSymbolicName()
              + (lacking.isEmpty() ? " does not resolve" : " lacks " + String.join(", ", lacking)));
    }
    return phrases;
  }

  private static boolean isMandatory(BundleRequirement requirement) {
    String effective = requirement.getDirectives().get(Namespace.REQUIREMENT_EFFECTIVE_DIRECTIVE);
    return (effective == null || effective.equals(Namespace.EFFECTIVE_RESOLVE))
        && !Constants.RESOLUTION_OPTIONAL.equals(
            requirement.getDirectives().get(Constants.RESOLUTION_DIRECTIVE));
  }

  private boolean isProvided(BundleRequirement requirement) {
    return Arrays.stream(context.getBundles())
        .map(b -> b.adapt(BundleRevision.class))
        .filter(Objects::nonNull)
        .flatMap(r -> capabilities(r, requirement.getNamespace()))
        .anyMatch(requirement::matches);
  }

  private static Stream<BundleCapability> capabilities(BundleRevision revision, String namespace) {
    return revision.getDeclaredCapabilities(namespace).stream();
  }

  private static String name(BundleRequirement requirement) {
    @Nullable String filter =
        requirement.getDirectives().get(Namespace.REQUIREMENT_FILTER_DIRECTIVE);
    String kind =
        requirement.getNamespace().equals(PackageNamespace.PACKAGE_NAMESPACE)
            ? "package"
            : requirement.getNamespace();
    return kind + " " + filter;
  }

  private static Optional<String> waiting(ComponentConfigurationDTO configuration) {
    ComponentDescriptionDTO component = configuration.description;
    return switch (configuration.state) {
      case ComponentConfigurationDTO.UNSATISFIED_REFERENCE ->
          Optional.of(
              "component "
                  + component.name
                  + " waits for "
                  + String.join(
                      " and ",
                      Arrays.stream(configuration.unsatisfiedReferences)
                          .map(r -> service(component, r))
                          .toList()));
      case ComponentConfigurationDTO.FAILED_ACTIVATION ->
          Optional.of(
              "component "
                  + component.name
                  + " failed: "
                  + configuration.failure.lines().findFirst().orElse("no reason given"));
      default -> Optional.empty();
    };
  }

  private static String service(
      ComponentDescriptionDTO component, UnsatisfiedReferenceDTO lacking) {
    String type =
        Arrays.stream(component.references)
            .filter(r -> r.name.equals(lacking.name))
            .map((ReferenceDTO r) -> r.interfaceName)
            .findFirst()
            .orElse(lacking.name);
    return "service " + type + (lacking.target == null ? "" : " " + lacking.target);
  }
}
