using System.Collections;

namespace OpsRunbook.Engine.Tests.Stacks;

/// <summary>Compares two stacks property by property.</summary>
internal static class ModelAssert
{
    public static void Same(object? expected, object? actual, string path = "stack")
    {
        if (expected is null || actual is null)
        {
            Assert.True(expected is null && actual is null, $"{path}: {expected ?? "null"} became {actual ?? "null"}");
            return;
        }

        Assert.Equal(expected.GetType(), actual.GetType());
        switch (expected)
        {
            case string or ValueType:
                Assert.True(expected.Equals(actual), $"{path}: {expected} became {actual}");
                break;
            case SecretReference secret:
                Assert.Equal(secret.ToString(), actual.ToString());
                break;
            case IDictionary dictionary:
                var other = (IDictionary)actual;
                Assert.True(dictionary.Keys.Cast<string>().SequenceEqual(other.Keys.Cast<string>()), $"{path}: other keys");
                foreach (DictionaryEntry entry in dictionary)
                {
                    Same(entry.Value, other[entry.Key], $"{path}.{entry.Key}");
                }

                break;
            case IList list:
                var otherList = (IList)actual;
                Assert.True(list.Count == otherList.Count, $"{path}: {list.Count} items became {otherList.Count}");
                for (var i = 0; i < list.Count; i++)
                {
                    Same(list[i], otherList[i], $"{path}[{i}]");
                }

                break;
            default:
                foreach (var property in expected.GetType().GetProperties())
                {
                    Same(property.GetValue(expected), property.GetValue(actual), $"{path}.{property.Name}");
                }

                break;
        }
    }
}
