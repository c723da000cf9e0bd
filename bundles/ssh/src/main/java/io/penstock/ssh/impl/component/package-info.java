// SPDX-License-Identifier: Apache-2.0
/** The provider as a service. Nothing else here knows OSGi. */
@NullMarked
package io.penstock.ssh.impl.component;

import org.jspecify.annotations.NullMarked;
