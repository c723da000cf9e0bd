// SPDX-License-Identifier: Apache-2.0
/** The factories that {@link java.util.ServiceLoader} finds: one set for the whole process. */
@NullMarked
package io.penstock.standalone.shared;

import org.jspecify.annotations.NullMarked;
