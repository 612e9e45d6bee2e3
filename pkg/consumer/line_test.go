package consumer

import "testing"

func BenchmarkPrintable(b *testing.B) {
	for name, text := range map[string]string{
		"ascii":    "Buy milk and bread on the way home tonight",
		"spanish":  "Comprar leche, pan y jamón para la cena de mañana",
		"japanese": "今夜の夕食のために牛乳とパンを買う",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				printable(text)
			}
		})
	}
}
