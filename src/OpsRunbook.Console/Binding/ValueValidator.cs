using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>Carries out the validation attributes, which without PowerShell do nothing by themselves.</summary>
internal static class ValueValidator
{
    /// <summary>Checks a value against the parameter's attributes.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="value">What would be bound to it.</param>
    /// <exception cref="FormatException">The value is not allowed.</exception>
    public static void Check(ParameterShape parameter, object? value)
    {
        var items = value is IEnumerable list and not string and not IDictionary ? [.. list.Cast<object?>()] : new[] { value };
        foreach (var attribute in parameter.Attributes)
        {
            CheckOne(attribute, parameter, value, items);
        }

        var mandatory = parameter.Roles.Any(role => role.Mandatory);
        if (mandatory && !parameter.Attributes.Any(attribute => AttributeReader.Is(attribute, "AllowEmptyString"))
            && items.Any(item => item is string { Length: 0 }))
        {
            throw new FormatException("It must not be empty.");
        }
    }

    private static void CheckOne(CustomAttributeData attribute, ParameterShape parameter, object? value, object?[] items)
    {
        if (AttributeReader.Is(attribute, "ValidateNotNullOrEmpty"))
        {
            if (value is null || items.Length == 0 || items.Any(item => item is null or string { Length: 0 }))
            {
                throw new FormatException("It must not be empty.");
            }
        }
        else if (AttributeReader.Is(attribute, "ValidateNotNull"))
        {
            if (items.Any(item => item is null))
            {
                throw new FormatException("It must not be null.");
            }
        }
        else if (AttributeReader.Is(attribute, "ValidateSet"))
        {
            foreach (var item in items)
            {
                var text = System.Convert.ToString(item, CultureInfo.InvariantCulture) ?? string.Empty;
                if (!parameter.ValidateSet.Contains(text, StringComparer.OrdinalIgnoreCase))
                {
                    throw new FormatException(ValueConverter.OneOf(text, parameter.ValidateSet));
                }
            }
        }
        else if (AttributeReader.Is(attribute, "ValidateRange") && attribute.ConstructorArguments.Count == 2)
        {
            CheckRange(items, attribute.ConstructorArguments[0].Value!, attribute.ConstructorArguments[1].Value!, string.Empty);
        }
        else if (AttributeReader.Is(attribute, "ValidateLength"))
        {
            CheckRange([.. items.Select(item => (object?)(item as string)?.Length)], attribute.ConstructorArguments[0].Value!, attribute.ConstructorArguments[1].Value!, "The length ");
        }
        else if (AttributeReader.Is(attribute, "ValidateCount"))
        {
            CheckRange([items.Length], attribute.ConstructorArguments[0].Value!, attribute.ConstructorArguments[1].Value!, "The number of items ");
        }
        else if (AttributeReader.Is(attribute, "ValidatePattern"))
        {
            var pattern = AttributeReader.Positional<string>(attribute, 0);
            foreach (var text in items.Select(item => System.Convert.ToString(item, CultureInfo.InvariantCulture) ?? string.Empty))
            {
                if (!Regex.IsMatch(text, pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)))
                {
                    throw new FormatException($"'{text}' does not match the pattern {pattern}.");
                }
            }
        }
    }

    private static void CheckRange(object?[] items, object minimum, object maximum, string what)
    {
        foreach (var item in items.OfType<object>())
        {
            var (value, low, high) = (Number(item), Number(minimum), Number(maximum));
            if (value < low || value > high)
            {
                throw new FormatException($"{what}{item} is not within {minimum} and {maximum}.".TrimStart());
            }
        }
    }

    private static double Number(object value) => System.Convert.ToDouble(value, CultureInfo.InvariantCulture);
}
